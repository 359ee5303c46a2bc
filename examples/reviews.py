"""Whether a review is kind: from a text to a label, and how sure the model is of it. The training data are in the file reviews.csv.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TypedDict

import bento
from bento.adapters import JsonAdapter, TextAdapter
from bento_sklearn import SklearnArtifact


class Opinion(TypedDict):
    """The answer of the service."""

    label: str
    probability: float


class Reviews(bento.Service):
    """Tell whether a review is kind."""

    model = SklearnArtifact()

    @bento.api(input=TextAdapter(), output=JsonAdapter(), batch=True)
    def judge(self, texts: list[str]) -> list[Opinion]:
        """Label each review `kind` or `unkind`."""
        chances = self.model.predict_proba(texts)
        best = chances.argmax(axis=1)
        return [{"label": str(self.model.classes_[column]), "probability": float(chances[row, column])} for row, column in enumerate(best)]


def train() -> Reviews:
    """A service with a pipeline fitted to a few dozen reviews."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    with Path(__file__).with_name("reviews.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    return Reviews(model=model.fit([row["text"] for row in rows], [row["label"] for row in rows]))


def main() -> None:
    """Train, save, and print the next command."""
    bundle = bento.save(train())
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} judge --input 'what a lovely place'")


if __name__ == "__main__":
    main()
