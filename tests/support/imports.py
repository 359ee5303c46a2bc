"""Modules that a test imports from folders of its own are forgotten afterwards, because the next test has others with the same names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def forgetting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget the modules that the block imports from `folder`, and the folder's entries in the path of imports.

    A process that loads a bundle, or imports a service from its current folder, keeps them on purpose.
    """
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[name], "__file__", None) or getattr(sys.modules[name], "__path__", "")):
                del sys.modules[name]
