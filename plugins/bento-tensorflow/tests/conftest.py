"""Lets the tests and the processes they start import `programs`, like a module of a project."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
