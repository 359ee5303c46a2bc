"""How far a patient's diabetes has progressed after a year: tables as inputs and answers, and a table as a model. Needs bento-pandas.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

import pandas as pd

import bento
from bento_pandas import DataFrameAdapter, DataFrameArtifact
from bento_sklearn import SklearnArtifact

MEASURED = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
PATIENTS = DataFrameAdapter(columns=MEASURED, dtype="float64", example=[[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]])
ALIKE = 3


class Diabetes(bento.Service):
    """Tell from ten measurements of a patient how far diabetes will have gone on in a year."""

    model = SklearnArtifact()
    known = DataFrameArtifact()

    @bento.api(input=PATIENTS, batch=True)
    def progress(self, patients: pd.DataFrame) -> pd.DataFrame:
        """Give the progress to expect, and the percentage of known patients whose own was less."""
        expected = self.model.predict(patients)
        less = self.known["progress"].sort_values().searchsorted(expected) / len(self.known)
        return pd.DataFrame({"progress": expected.round(1), "percent": (less * 100).round(1)})

    @bento.api(input=PATIENTS)
    def alike(self, patients: pd.DataFrame) -> pd.DataFrame:
        """Give the known patients who are nearest to the first one of a table."""
        known = self.known[MEASURED]
        distances = ((known - patients.iloc[0]) / known.std()).pow(2).sum(axis="columns")
        return self.known.loc[distances.nsmallest(ALIKE).index]


def train() -> Diabetes:
    """A service with a regression fitted to the records of 353 patients, and these records."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    records = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progress"})
    seen, unseen = train_test_split(records, test_size=0.2, random_state=0)
    model = make_pipeline(StandardScaler(), RidgeCV()).fit(seen[MEASURED], seen["progress"])
    r2 = model.score(unseen[MEASURED], unseen["progress"])
    return Diabetes(model=bento.Packed(model, metadata={"r2": round(r2, 3)}), known=seen)


def main() -> None:
    """Train, save, write a table, and print the next command."""
    service = train()
    bundle = bento.save(service)
    service.known[MEASURED].head(2).to_csv("patients.csv", index=False)
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} progress --input-file patients.csv")


if __name__ == "__main__":
    main()
