"""Lets the tests, and the processes they start, import what is in `project`, and keeps all of them from asking a hub."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
os.environ["HF_HUB_OFFLINE"] = "1"
