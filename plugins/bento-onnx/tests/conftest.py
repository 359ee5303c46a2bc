"""Lets the tests and the processes they start import the modules in `project`, and turns the telemetry of ONNX Runtime off."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "project"))
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # tests import it before the plugin does
