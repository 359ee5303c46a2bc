"""The tests that `bento plugins torch --check` runs pass."""

import pytest

from bento_torch.checks import TestTensorAdapter, TestTorchArtifact, TestTorchExportArtifact, TestTorchScriptArtifact

__all__ = ["TestTensorAdapter", "TestTorchArtifact", "TestTorchExportArtifact", "TestTorchScriptArtifact"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning"),
]
