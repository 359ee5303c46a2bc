"""Importing skops without the array libraries that scikit-learn can optionally use."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from types import ModuleType

_UNUSED = frozenset(f"sklearn.externals.array_api_compat.{name}" for name in ("cupy", "dask", "torch"))


class _Leaving(MetaPathFinder):
    """An import hook that hides scikit-learn's modules for these libraries from the thread that made it."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in _UNUSED and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not needed to import skops", name=fullname)


def skops_io() -> ModuleType:
    """The module `skops.io`, imported without PyTorch and other array libraries.

    skops searches scikit-learn for all estimators, which imports all of its packages, and these import PyTorch and others if they are
    installed: 2.4 s and 180 MB more. The packages are only hidden during this import, so code that uses such arrays can import them later.
    """
    leaving = _Leaving()
    sys.meta_path.insert(0, leaving)
    try:
        return import_module("skops.io")
    finally:
        sys.meta_path.remove(leaving)
