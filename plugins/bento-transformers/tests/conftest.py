"""Lets the tests, and the processes they start, import what is in `project`, keeps all of them from asking a hub, and a GPU exact."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
os.environ["HF_HUB_OFFLINE"] = "1"
# By default PyTorch's convolutions round float32 to the 10 bits of TF32 on a GPU.
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
