"""ONNX Runtime, which tells its makers how it is used unless it is told not to: a server asks nobody and tells nobody."""

from __future__ import annotations

import os
from typing import Any

from bento import ArtifactError

_TELEMETRY = "ORT_DISABLE_TELEMETRY"


def import_runtime() -> Any:
    """ONNX Runtime as a module; one that cannot be imported is an ArtifactError."""
    # Read when it is imported. Where a service's own code was first, what it has not sent yet stays here all the same.
    os.environ.setdefault(_TELEMETRY, "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise ArtifactError(f"cannot import ONNX Runtime: {error}: pip install onnxruntime, or onnxruntime-gpu") from error
    if os.environ[_TELEMETRY] == "1":
        onnxruntime.disable_telemetry_events()
    return onnxruntime
