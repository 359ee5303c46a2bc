"""Whether a breast mass is malignant: a scikit-learn pipeline that is exported to ONNX and served without scikit-learn. Needs bento-onnx.

Run it to train and export the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

import bento
from bento.adapters import ArrayAdapter, JsonAdapter
from bento_onnx import OnnxArtifact

FEATURES = 30
LABELS = ["malignant", "benign"]


class Diagnosis(TypedDict):
    """The answer of the service."""

    label: str
    probability: float


class Cancer(bento.Service):
    """Tell malignant from benign masses by thirty measurements of cell nuclei, in the Wisconsin data set's order."""

    model = OnnxArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, FEATURES), dtype="float32"), output=JsonAdapter(), batch=True)
    def diagnose(self, masses: np.ndarray) -> list[Diagnosis]:
        """Give the likelier label of each mass, and how likely it is."""
        _, chances = self.model.run(None, {"masses": masses})
        return [{"label": LABELS[row.argmax()], "probability": float(row.max())} for row in chances]


if __name__ == "__main__":
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    masses, labels = load_breast_cancer(return_X_y=True)
    seen, unseen, known, unknown = train_test_split(masses.astype("float32"), labels, random_state=0)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen, known)
    model = to_onnx(fitted, initial_types=[("masses", FloatTensorType([None, FEATURES]))], options={"zipmap": False})
    bundle = bento.save(Cancer(model=bento.Packed(model, metadata={"accuracy": round(fitted.score(unseen, unknown), 3)})))
    # A malignant mass and a benign one that the model has not seen.
    np.save("some.npy", np.stack([unseen[unknown == label][0] for label in range(2)]))
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} diagnose --input-file some.npy")
