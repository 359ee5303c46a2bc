"""Imports PaddlePaddle, which gives warnings on import, and lets the tests and their processes import `layers`."""

import sys
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import paddle  # noqa: F401

sys.path.insert(0, str(Path(__file__).parent / "project"))
