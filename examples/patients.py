"""How far a patient's diabetes has progressed after a year: a CatBoost regressor with numbers and categories. Needs bento-catboost.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import Any

import catboost

import bento
from bento.adapters import JsonAdapter
from bento_catboost import CatboostArtifact, pool


class Patients(bento.Service):
    """Guess how far patients' diabetes is in a year, from their sex, their body mass and their blood pressure."""

    model = CatboostArtifact()

    @bento.api(input=JsonAdapter(example=[["woman", 0.06, 0.02], ["man", -0.05, None]]))
    def progress(self, patients: list[Any]) -> list[float]:
        """Give a number from 25 to 346 for each patient; a measurement that is missing is null."""
        return self.model.predict(pool(self.model, patients)).round(1).tolist()


def train() -> Patients:
    """A service with a regressor fitted to most of 442 patients."""
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import train_test_split

    patients, progress = load_diabetes(return_X_y=True, as_frame=True)
    patients = patients[["sex", "bmi", "bp"]].assign(sex=patients["sex"].gt(0).map({True: "man", False: "woman"}))
    seen, unseen, known, unknown = train_test_split(patients, progress, random_state=0)
    model = catboost.CatBoostRegressor(iterations=100, depth=3, cat_features=["sex"], verbose=False, allow_writing_files=False)
    model.fit(seen, known)
    return Patients(model=bento.Packed(model, metadata={"r2": round(model.score(unseen, unknown), 3)}))


def main() -> None:
    """Train, save, and print the next command."""
    bundle = bento.save(train())
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")


if __name__ == "__main__":
    main()
