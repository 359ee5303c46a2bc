"""Lets the tests and their processes import the modules in `project`, keeps them off any hub, and makes a GPU compute exactly."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
os.environ["HF_HUB_OFFLINE"] = "1"
# By default PyTorch's convolutions round float32 to the 10 bits of TF32 on a GPU.
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
