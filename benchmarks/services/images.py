"""Large bodies: images that are hardly looked at."""

from __future__ import annotations

import numpy as np

import bento
from bento.adapters import ArrayAdapter, JsonAdapter


class Images(bento.Service):
    """Look at images of 224 by 224 in three colours."""

    @bento.api(input=ArrayAdapter(shape=(None, 3, 224, 224), dtype="float32"), output=JsonAdapter())
    def predict(self, images: np.ndarray) -> list[float]:
        """Say how many images there are, and the first value of the first."""
        return [len(images), images[0, 0, 0, 0].item()]
