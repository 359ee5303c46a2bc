"""Keras's back ends: which one is in use, what it needs, and which one a saved model asks for."""

from __future__ import annotations

import os
import sys

from bento.artifacts import distribution_of

BACK_ENDS = frozenset(["jax", "mlx", "numpy", "openvino", "tensorflow", "torch"])

_VARIABLE = "KERAS_BACKEND"


def current() -> str:
    """The back end in use, without importing Keras; empty if none has been chosen yet."""
    keras = sys.modules.get("keras")
    return str(keras.backend.backend()) if keras is not None else os.environ.get(_VARIABLE, "")


def propose(back_end: str) -> None:
    """Set the back end in the environment, where Keras reads it, unless Keras is already imported or a back end has been chosen."""
    if "keras" not in sys.modules:
        os.environ.setdefault(_VARIABLE, back_end)


def requirements() -> list[str]:
    """The installed distribution of the back end in use. Empty if there is none, or if it is NumPy."""
    back_end = current()
    if not back_end or back_end == "numpy":
        return []
    return [distribution_of(back_end, back_end)]
