"""A bill of materials that lies about a bundle is found when the bundle is verified or signed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from bento.bundle.manifest.entries import ArtifactEntry, File
from bento.bundle.sbom import write_sbom
from bento.errors import BundleError
from bento.store import sign, verify
from bundles import ARTIFACT

WHEEL, MODEL = "wheels/flowers-1.0-py3-none-any.whl", "artifacts/model/weights"
FILES = {MODEL: b"weights", "src/iris.py": b"", WHEEL: b"wheel"}
REQUIREMENTS = ["bento-core==0.1.0", "flowers==1.0", "numpy==2.1.0"]
ENTRY = {**ARTIFACT, "format": "file", "type": "Path"}


def bill() -> dict[str, Any]:
    files = [File(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest()) for path, content in FILES.items()]
    return json.loads(write_sbom("iris", REQUIREMENTS, [ArtifactEntry(**ENTRY)], files))


@pytest.fixture
def make(make_bundle, tmp_path) -> Callable:
    def make(content: bytes):
        return make_bundle(tmp_path / "bundle", {**FILES, "sbom.cdx.json": content}, artifacts=[ENTRY], requirements=REQUIREMENTS)

    return make


def component(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in document["components"] if each["name"] == name)


def leave_out(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["components"].remove(component(document, name))


LIES = {
    "a requirement in another version": ("library 'numpy'", lambda document: component(document, "numpy").update(version="2.9.9")),
    "a requirement is left out": ("library 'numpy'", leave_out("numpy")),
    "a wheel is left out": ("library 'flowers'", leave_out("flowers")),
    "a wheel with another digest": (
        "library 'flowers'",
        lambda document: component(document, "flowers")["hashes"][0].update(content="0" * 64),
    ),
    "a model is left out": ("machine-learning-model 'model'", leave_out("model")),
    "a model without its files": ("machine-learning-model 'model'", lambda document: component(document, "model").update(components=[])),
}


@pytest.mark.parametrize(("about", "lie"), LIES.values(), ids=LIES.keys())
def test_a_bill_of_materials_that_contradicts_the_manifest_is_refused(make, key, about, lie):
    document = bill()
    lie(document)
    bundle = make(json.dumps(document).encode())
    fault = f"bundle iris:3 is damaged: 'sbom.cdx.json' says something untrue of the {about}"
    for work in (lambda: verify(bundle), lambda: sign(bundle, key)):
        with pytest.raises(BundleError) as caught:
            work()
        assert str(caught.value) == fault
    assert bundle.signatures == ()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"components": 1}', b'{"components": [1]}', b"[" * 100_000, b"\xff"])
def test_a_file_that_is_not_a_bill_of_materials_is_refused(make, content):
    with pytest.raises(BundleError) as caught:
        verify(make(content))
    assert str(caught.value) == "bundle iris:3 is damaged: 'sbom.cdx.json' is not a bill of materials: expected CycloneDX, as JSON"


def test_a_bill_of_materials_may_name_dependencies_of_the_requirements(make):
    document = bill()
    document["components"].append({"type": "library", "name": "joblib", "version": "1.0"})
    verify(make(json.dumps(document).encode()))


def test_a_bundle_that_is_deleted_while_it_is_verified_is_an_error_in_a_sentence(make):
    bundle = make(json.dumps(bill()).encode())

    def delete(done: int) -> None:
        if done == bundle.size:
            shutil.rmtree(bundle.path)

    with pytest.raises(BundleError) as caught:
        verify(bundle, delete)
    assert str(caught.value) == f"cannot read {bundle.path / 'sbom.cdx.json'}: No such file or directory"
