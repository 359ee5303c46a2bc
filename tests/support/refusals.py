"""That something is refused, and with which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bento import ArtifactError


def refuses(action: Callable[[], object], message: str, kind: type[Exception] = ArtifactError) -> None:
    """An action ends with an error of this kind that says this and nothing else."""
    with pytest.raises(kind) as refusal:
        action()
    assert str(refusal.value) == message
