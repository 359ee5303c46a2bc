"""The tests that `bento plugins paddle --check` runs pass."""

from bento_paddle.checks import TestPaddleArtifact

__all__ = ["TestPaddleArtifact"]
