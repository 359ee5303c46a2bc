"""Lets the tests and the processes they start import the modules in `project`, like those of a user's project."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
