"""Lets the tests and the processes they start import `nets`, like a module of a project, and chooses the back end of Keras."""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(Path(__file__).parent / "project"))
