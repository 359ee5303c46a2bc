"""Checks of images and artifacts by the schemas of the OCI image specification."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

SCHEMAS = Path(__file__).with_name("oci_image_spec")


def check_document(kind: str, content: bytes) -> None:
    """Refuse a document that is not a valid `config`, `image-index`, `image-layout` or `image-manifest`."""
    Draft4Validator(_schema(f"{kind}-schema.json"), registry=Registry(retrieve=_retrieve)).validate(json.loads(content))


def check_layout(folder: Path) -> None:
    """Refuse a folder that is not a valid image layout; each manifest and config that its index leads to is checked."""
    check_document("image-layout", (folder / "oci-layout").read_bytes())
    index = (folder / "index.json").read_bytes()
    check_document("image-index", index)
    for descriptor in json.loads(index)["manifests"]:
        manifest = _blob(folder, descriptor)
        check_document("image-manifest", manifest)
        check_document("config", _blob(folder, json.loads(manifest)["config"]))


def _blob(folder: Path, descriptor: dict[str, str]) -> bytes:
    return (folder / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()


def _schema(name: str) -> dict[str, object]:
    return json.loads((SCHEMAS / name).read_text())


def _retrieve(uri: str) -> Resource:
    # The schemas refer to each other by file names, relative to addresses that do not exist.
    return Resource.from_contents(_schema(uri.rpartition("/")[2]), DRAFT4)
