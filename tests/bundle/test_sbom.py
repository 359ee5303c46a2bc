"""The bill of materials of a bundle: valid, complete for what a bundle knows, and the same each time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from bento.bundle import verify
from bento.errors import BundleError


@pytest.fixture
def bundle(project: Any) -> Any:
    return project.save_iris({})


@pytest.fixture
def document(bundle: Any) -> Any:
    return json.loads((bundle.path / "sbom.cdx.json").read_text())


def test_a_bill_of_materials_is_valid_by_the_schema_of_cyclonedx(bundle: Any) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str((bundle.path / "sbom.cdx.json").read_text()) is None


def test_everything_that_is_required_is_named_with_its_version(bundle: Any, document: Any) -> None:
    named = {f"{each['name']}=={each['version']}" for each in document["components"] if each["type"] == "library"}
    assert named == set(bundle.manifest.requirements)


def test_a_wheel_is_named_with_its_digest(bundle: Any, document: Any) -> None:
    digests = {file.path: file.sha256 for file in bundle.manifest.files if file.path.startswith("wheels/")}
    wheels = [each for each in document["components"] if "hashes" in each]
    assert {each["properties"][0]["value"]: each["hashes"][0]["content"] for each in wheels} == digests != {}


def test_a_model_is_a_component_with_its_files(bundle: Any, document: Any) -> None:
    (model,) = (each for each in document["components"] if each["type"] == "machine-learning-model")
    (file,) = (file for file in bundle.manifest.files if file.path.startswith("artifacts/"))
    assert model["name"] == "model"
    assert model["components"][0]["hashes"] == [{"alg": "SHA-256", "content": file.sha256}]


def test_a_bill_of_materials_is_verified_as_every_file_is(bundle: Any) -> None:
    file = bundle.path / "sbom.cdx.json"
    file.chmod(0o644)
    file.write_text(file.read_text().replace("1.6", "1.5"))
    with pytest.raises(BundleError, match=r"'sbom\.cdx\.json' has changed"):
        verify(bundle)
