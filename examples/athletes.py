"""Body measurements from exercises: a model that MLflow saved, over a fitness club's records. Needs bento-mlflow and bento-pandas.

Run it to fit the model, save the service and see the next command.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import bento
from bento_mlflow import MlflowPyfuncArtifact
from bento_pandas import DataFrameAdapter

EXERCISES = ["Chins", "Situps", "Jumps"]
BODY = ["Weight", "Waist", "Pulse"]


class Athletes(bento.Service):
    """Guess weight, waist and pulse, in pounds, inches and beats a minute, from chin-ups, sit-ups and jumps."""

    model = MlflowPyfuncArtifact()

    @bento.api(
        input=DataFrameAdapter(columns=EXERCISES, dtype="float64", example=[{"Chins": 9, "Situps": 145, "Jumps": 70}]),
        batch=True,
    )
    def guess(self, athletes: pd.DataFrame) -> pd.DataFrame:
        """Give one row for each athlete."""
        return pd.DataFrame(self.model.predict(athletes), columns=BODY).round(1)


def fit(folder: Path) -> Path:
    """The folder in which MLflow saves a regression fitted to the records of twenty men."""
    import mlflow
    from sklearn.datasets import load_linnerud
    from sklearn.linear_model import LinearRegression

    exercises, bodies = load_linnerud(return_X_y=True, as_frame=True)
    signature = mlflow.models.infer_signature(exercises, bodies)
    requirements = ["scikit-learn", "skops"]
    mlflow.sklearn.save_model(LinearRegression().fit(exercises, bodies), folder, signature=signature, pip_requirements=requirements)
    return folder


def main() -> None:
    """Fit, save, and print the next command."""
    with TemporaryDirectory() as place:
        bundle = bento.save(Athletes(model=fit(Path(place, "model"))))
    asked = '[{"Chins": 9, "Situps": 145, "Jumps": 70}]'
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} guess --input '{asked}'")


if __name__ == "__main__":
    main()
