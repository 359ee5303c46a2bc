"""What `bento plugins paddle --check` shows holds."""

from bento_paddle.checks import TestPaddleArtifact

__all__ = ["TestPaddleArtifact"]
