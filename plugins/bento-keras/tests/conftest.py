"""Lets the tests, and the processes they start, import `nets`, as a project's own module would be; and chooses Keras's back end."""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(Path(__file__).parent / "project"))
