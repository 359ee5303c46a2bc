"""A saved bundle, and what a packer writes of it."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bento import Bundle, Store

if TYPE_CHECKING:
    from bento_kubernetes.packer import ManifestPacker

SOURCE = '''
import bento
from bento.artifacts import JsonArtifact


class Basket(bento.Service):
    """Add up prices."""

    name = {name!r}
    prices = JsonArtifact()

    @bento.api
    def total(self, items: list[str]) -> int:
        return sum(self.prices[item] for item in items)
'''


@pytest.fixture(scope="session")
def save(tmp_path_factory) -> Callable[..., Bundle]:
    """Save a service under a name and a version."""
    numbers = itertools.count()

    def save(name: str = "basket", version: str = "3") -> Bundle:
        project, module = tmp_path_factory.mktemp("project"), f"basket_to_ship_{next(numbers)}"
        (project / f"{module}.py").write_text(SOURCE.format(name=name))
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(project)
            service = importlib.import_module(module).Basket(prices={"tea": 3, "coffee": 4})
            return Store(project / "store").save(service, version=version)

    return save


@pytest.fixture(scope="session")
def bundle(save) -> Bundle:
    return save()


@pytest.fixture
def packed(tmp_path) -> Callable[[ManifestPacker, Bundle], str]:
    """Pack a bundle: the text of its manifest."""

    def packed(packer: ManifestPacker, bundle: Bundle) -> str:
        return (packer.pack(bundle, tmp_path / "out") / f"{packer.name}.yaml").read_text()

    return packed


@pytest.fixture
def manifest(packed) -> Callable[[ManifestPacker, Bundle], list[dict[str, Any]]]:
    """Pack a bundle: the objects of its manifest."""

    def manifest(packer: ManifestPacker, bundle: Bundle) -> list[dict[str, Any]]:
        return list(yaml.safe_load_all(packed(packer, bundle)))

    return manifest
