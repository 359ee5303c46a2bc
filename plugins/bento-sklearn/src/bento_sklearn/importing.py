"""skops, imported without the array libraries that scikit-learn could compute with."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from types import ModuleType

_UNUSED = frozenset(f"sklearn.externals.array_api_compat.{name}" for name in ("cupy", "dask", "torch"))


class _Leaving(MetaPathFinder):
    """Has no module of scikit-learn's that imports one of these libraries, for the thread that made it."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in _UNUSED and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not needed to import skops", name=fullname)


def skops_io() -> ModuleType:
    """`skops.io`.

    It looks for every estimator that scikit-learn has, which imports each of that one's packages, and with them PyTorch and others where
    they are installed: 2.4 s and 180 MB more. Whoever computes with their arrays finds those packages afterwards.
    """
    leaving = _Leaving()
    sys.meta_path.insert(0, leaving)
    try:
        return import_module("skops.io")
    finally:
        sys.meta_path.remove(leaving)
