"""Lets the tests, and the processes they start, import `programs`, as a project's own module would be."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
