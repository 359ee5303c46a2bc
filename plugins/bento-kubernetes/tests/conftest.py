"""A saved bundle, and the manifests that packers write for it."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
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
    """Pack a bundle, and return the text of its manifest."""

    def packed(packer: ManifestPacker, bundle: Bundle) -> str:
        return (packer.pack(bundle, tmp_path / "out") / f"{packer.name}.yaml").read_text()

    return packed


@pytest.fixture
def manifest(packed) -> Callable[[ManifestPacker, Bundle], list[dict[str, Any]]]:
    """Pack a bundle, and return the objects of its manifest."""

    def manifest(packer: ManifestPacker, bundle: Bundle) -> list[dict[str, Any]]:
        return list(yaml.safe_load_all(packed(packer, bundle)))

    return manifest


@pytest.fixture(scope="session")
def published() -> Iterator[pytest.MonkeyPatch]:
    """Makes the API classes that KServe and Knative publish importable from where `make` has put them."""
    folder = Path(sys.prefix, "schemas")
    if not folder.is_dir():
        pytest.skip("'make test-data' installs what KServe and Knative publish of their APIs")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield patch


@pytest.fixture(scope="session")
def check_knative(published) -> Callable[[dict[str, Any]], object]:
    """Refuse whatever the schemas of Knative's API refuse, unknown fields included."""
    service = importlib.import_module("cloudcoil.models.knative_serving.serving.v1").Service
    return partial(service.model_validate, strict=True, extra="forbid")


@pytest.fixture(scope="session")
def check_kserve(published) -> Callable[[dict[str, Any]], None]:
    """Refuse whatever the classes of KServe's API do not read and write again unchanged."""
    # Importing `kserve` itself would import its server.
    published.setitem(sys.modules, "kserve", importlib.util.module_from_spec(importlib.util.find_spec("kserve")))
    models, client = importlib.import_module("kserve.models"), importlib.import_module("kserve.api_client").ApiClient()
    for kind in ("V1Container", "V1ObjectMeta", "V1Volume"):
        published.setattr(models, kind, object, raising=False)  # classes of Kubernetes itself, which its own schemas check

    def check_kserve(service: dict[str, Any]) -> None:
        read = client.deserialize(SimpleNamespace(data=json.dumps(service)), "V1beta1InferenceService")
        assert client.sanitize_for_serialization(read) == service

    return check_kserve
