from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bento.bundle import Bundle, open_bundle

CONTENTS = {
    "README.md": b"# iris\n",
    "artifacts/model/model.json": b'{"weights": [1, 2]}',
    "requirements.txt": b"bento-core==0.1.0\n",
    "src/iris.py": b"import bento\n",
}


def adapter(**fields: Any) -> dict[str, Any]:
    return {
        "adapter": "json",
        "options": {},
        "media_types": ["application/json"],
        "schema": {"type": "array", "examples": [[1]]},
        "distribution": "bento-core",
        "version": "0.1.0",
        **fields,
    }


@pytest.fixture
def document() -> dict[str, Any]:
    """A manifest as `bento.json` holds it, for the files in CONTENTS."""
    return {
        "format": 1,
        "name": "iris",
        "version": "3",
        "created": "2026-11-22T10:15:00Z",
        "labels": {"team": "flowers"},
        "service": "iris:Iris",
        "doc": "Tell an iris's species.\n\nFrom four measurements.",
        "apis": [
            {
                "name": "predict",
                "path": "/predict",
                "doc": "",
                "batch": {"size": 128, "wait": 0.0},
                "timeout": 60.0,
                "input": adapter(),
                "output": None,
            }
        ],
        "artifacts": [
            {
                "slot": "model",
                "format": "json",
                "options": {},
                "distribution": "bento-core",
                "version": "0.1.0",
                "runs_code": False,
                "type": "dict",
                "metadata": {"auc": 0.93},
            }
        ],
        "requirements": ["bento-core==0.1.0"],
        "python": "3.11.7",
        "env": {"apt": ["libgomp1"], "base_image": None, "python_version": None, "setup": None},
        "files": [
            {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for path, content in CONTENTS.items()
        ],
    }


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, Any]], Bundle]:
    """Write a bundle's folder, and open it."""

    def write(document: dict[str, Any]) -> Bundle:
        folder = tmp_path / "bundle"
        for path, content in CONTENTS.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        (folder / "bento.json").write_text(json.dumps(document))
        return open_bundle(folder)

    return write
