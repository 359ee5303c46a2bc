"""Lets the tests and the processes they start import `nets`, like a module of a project, and makes a GPU compute exactly."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
# By default PyTorch's convolutions round float32 to the 10 bits of TF32 on a GPU.
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
