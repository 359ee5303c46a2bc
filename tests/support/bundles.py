"""Bundles without a service: they verify, but there is nothing to load in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bento.bundle import Bundle, open_bundle

ADAPTER: dict[str, Any] = {
    "adapter": "json",
    "options": {},
    "media_types": ["application/json"],
    "schema": {},
    "distribution": None,
    "version": None,
}
API: dict[str, Any] = {"name": "ask", "path": "/ask", "doc": "", "batch": None, "timeout": 5, "input": ADAPTER, "output": None}
ARTIFACT: dict[str, Any] = {
    "slot": "model",
    "format": "json",
    "options": {},
    "distribution": "bento-core",
    "version": "0.1.0",
    "runs_code": False,
    "type": "dict",
    "metadata": {},
}
"""What a manifest says of an adapter, an api and a model. A test changes the fields that it is about: `{**API, "path": "/"}`."""


def document(files: Mapping[str, bytes] | None = None, /, **fields: Any) -> dict[str, Any]:
    """A manifest of `iris:3` that lists these files; `fields` replace its own."""
    listed = [{"path": path, "size": len(content), "sha256": digest_of(content)} for path, content in sorted((files or {}).items())]
    return {
        "format": 1,
        "name": "iris",
        "version": "3",
        "created": "2026-11-22T10:15:00Z",
        "labels": {},
        "service": "iris:Iris",
        "doc": "",
        "apis": [],
        "artifacts": [],
        "examples": [],
        "requirements": ["bento-core==0.1.0"],
        "python": "3.11.7",
        "platform": "linux-x86_64",
        "code": None,
        "env": {"apt": [], "base_image": None, "conda": None, "python_version": None, "setup": None},
        "files": listed,
        **fields,
    }


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def write_bundle(folder: Path, files: Mapping[str, bytes], **fields: Any) -> Bundle:
    """Write the folder of a bundle that holds these files."""
    write_files(folder, {**files, "bento.json": json.dumps(document(files, **fields)).encode()})
    return open_bundle(folder)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
