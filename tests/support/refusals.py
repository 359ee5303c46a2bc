"""Checks that something is refused, and with which words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bento import ArtifactError


def refuses(action: Callable[[], object], message: str, kind: type[Exception] = ArtifactError) -> None:
    """Check that an action raises an error of this kind with exactly this message."""
    with pytest.raises(kind) as refusal:
        action()
    assert str(refusal.value) == message
