"""Whether a tumour is benign: an XGBoost booster behind an endpoint. Needs bento-xgboost.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

import numpy as np
import xgboost

import bento
from bento.adapters import ArrayAdapter
from bento_xgboost import XgboostArtifact, matrix


class Tumours(bento.Service):
    """Tell benign tumours from malignant ones by thirty measurements of the nuclei of their cells."""

    model = XgboostArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, 30), dtype="float32"), batch=True)
    def benign(self, cells: np.ndarray) -> np.ndarray:
        """Give the probability that each tumour is benign."""
        return self.model.predict(matrix(self.model, cells), iteration_range=(0, self.model.best_iteration + 1))


def train() -> Tumours:
    """A service with a booster. Its training stopped when it no longer improved on tumours that it had not seen."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    tumours = load_breast_cancer(as_frame=True)
    seen, unseen, known, unknown = train_test_split(tumours.data, tumours.target, random_state=0)
    rows, others = xgboost.DMatrix(seen, known), xgboost.DMatrix(unseen, unknown)
    options = {"objective": "binary:logistic", "max_depth": 3, "eval_metric": "auc"}
    booster = xgboost.train(options, rows, 100, [(others, "unseen")], early_stopping_rounds=10, verbose_eval=False)
    return Tumours(model=bento.Packed(booster, metadata={"auc": round(booster.best_score, 3)}))


def main() -> None:
    """Train, save, and print the next command."""
    bundle = bento.save(train())
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")


if __name__ == "__main__":
    main()
