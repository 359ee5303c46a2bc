"""Imports PaddlePaddle, which warns of itself when it is, and lets the tests and what they start import `layers` as a project's own."""

import sys
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import paddle  # noqa: F401

sys.path.insert(0, str(Path(__file__).parent / "project"))
