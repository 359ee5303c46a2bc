"""ONNX Runtime, with its telemetry turned off: a server should not contact anybody."""

from __future__ import annotations

import os
from typing import Any

from bento import ArtifactError

_TELEMETRY = "ORT_DISABLE_TELEMETRY"


def import_runtime() -> Any:
    """The module of ONNX Runtime. An ArtifactError if it cannot be imported."""
    # Read at import. If the service's own code has imported ONNX Runtime before, what it has not sent yet is still not sent.
    os.environ.setdefault(_TELEMETRY, "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise ArtifactError(f"cannot import ONNX Runtime: {error}: pip install onnxruntime, or onnxruntime-gpu") from error
    if os.environ[_TELEMETRY] == "1":
        onnxruntime.disable_telemetry_events()
    return onnxruntime
