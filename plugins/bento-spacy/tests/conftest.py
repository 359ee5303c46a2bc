"""Lets the tests, and the processes they start, import what is in `project`, as modules of a project of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
