"""A small service for the kits to save. It is in a module of its own, as in a real project."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..service import Service

_MODULE = "bento_testing_sums"
_SOURCE = '''\
"""A service that adds up prices."""

import bento
from bento.adapters import JsonAdapter
from bento.artifacts import JsonArtifact


class Sums(bento.Service):
    """Tell what a list of things costs."""

    prices = JsonArtifact()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def total(self, names):
        return sum(self.prices[name] for name in names)
'''


def sums() -> Service:
    """The service with a model."""
    service: Service = _module().Sums(prices={"coffee": 4, "tea": 3})
    return service


@functools.cache
def _module() -> Any:
    """The service's module, imported from a temporary file that is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix="bento-testing-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = Path(folder, f"{_MODULE}.py")
    file.write_text(_SOURCE)
    spec: Any = importlib.util.spec_from_file_location(_MODULE, file)
    sys.modules[_MODULE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[_MODULE])
    return sys.modules[_MODULE]
