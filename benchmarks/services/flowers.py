"""Which species an iris is, by whichever classifier is packed."""

from __future__ import annotations

import numpy as np

import bento
from bento.adapters import ArrayAdapter
from bento_sklearn import SklearnArtifact


class Flowers(bento.Service):
    """Tell an iris's species from four measurements in centimetres."""

    name = "iris"
    model = SklearnArtifact(trusted=["sklearn.tree._tree.Tree"])

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), batch=True)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Give the number of each flower's species."""
        return self.model.predict(rows)
