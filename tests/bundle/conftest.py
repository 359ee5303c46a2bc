from __future__ import annotations

import csv
import hashlib
import importlib
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bento.bundle import Bundle, open_bundle, write_bundle
from imports import forgetting

if TYPE_CHECKING:
    from bento.service import Service

CONTENTS = {
    "README.md": b"# iris\n",
    "artifacts/model/model.json": b'{"weights": [1, 2]}',
    "examples/predict-1/answer": b"setosa",
    "examples/predict-1/request": b"[[1]]",
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
        "examples": [
            {
                "name": "predict-1",
                "api": "predict",
                "request": {"path": "examples/predict-1/request", "content_type": "application/json"},
                "answer": {"path": "examples/predict-1/answer", "content_type": "text/plain; charset=utf-8"},
                "tolerance": 0.0001,
            }
        ],
        "requirements": ["bento-core==0.1.0"],
        "python": "3.11.7",
        "platform": "linux-x86_64",
        "code": None,
        "env": {"apt": ["libgomp1"], "base_image": None, "conda": None, "python_version": None, "setup": None},
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


IRIS = """
    import bento
    from bento.artifacts import JsonArtifact

    class Iris(bento.Service):
        model = JsonArtifact()

        @bento.api
        def predict(self, value):
            return [self.model, value]
"""


class Project:
    """A folder of source files that is on the path of this process, and a place beside it for bundles."""

    IRIS = IRIS

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.out = folder / "bundles"
        self.root.mkdir()
        self.out.mkdir()

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(textwrap.dedent(text).lstrip())

    def service(self, reference: str = "iris:Iris", **models: object) -> Service:
        """An instance of a service class of the project; without models, a JSON one goes into `model`."""
        module, _, name = reference.partition(":")
        service: type[Service] = getattr(self.module(module), name)
        return service(**(models or {"model": {"weights": [1, 2]}}))

    def module(self, name: str) -> Any:
        importlib.invalidate_caches()
        return importlib.import_module(name)

    def save(self, reference: str = "iris:Iris", to: str = "saved", **options: Any) -> Bundle:
        return write_bundle(self.service(reference), self.out / to, **options)

    def save_iris(self, files: Mapping[str, str], **options: Any) -> Bundle:
        """Save the service of `iris.py`, which is the usual one unless `files` has another."""
        self.write({"iris.py": IRIS, **files})
        return self.save(**options)

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir())

    def run(self, *arguments: str, text: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the project's folder, as a user does."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, "OUT": str(self.out), "BENTO_DISABLE_PLUGINS": "*", **environ},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    @staticmethod
    def paths(bundle: Bundle) -> list[str]:
        """The paths of the project's files in a bundle."""
        return [file.path.removeprefix("src/") for file in bundle.manifest.files if file.path.startswith("src/")]

    @staticmethod
    def names(bundle: Bundle) -> list[str]:
        """The names of the distributions that a bundle requires."""
        return [requirement.partition("==")[0] for requirement in bundle.manifest.requirements]


class Site:
    """A folder of installed distributions, as an installer leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self, name: str, files: Mapping[str, str], version: str = "1.0", *, requires: str = "", editable: Path | None = None, url: str = ""
    ) -> None:
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        requirement = f"Requires-Dist: {requires}\n" if requires else ""
        origin = {"url": f"file://{editable}", "dir_info": {"editable": True}} if editable else {"url": url}
        everything = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirement}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            **({f"{info}/direct_url.json": json.dumps(origin)} if editable or url else {}),
        }
        for path, text in everything.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        with (self.folder / info / "RECORD").open("w", newline="") as record:
            csv.writer(record, lineterminator="\n").writerows((path, "", "") for path in [*everything, f"{info}/RECORD"])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Another folder of installed distributions on the path of this process, empty at first."""
    folder = tmp_path / "environment/site-packages"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    return Site(folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose modules this process can import, and forgets after the test."""
    with forgetting(tmp_path, monkeypatch):
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        sys.path.insert(0, str(tmp_path / "project"))
        yield Project(tmp_path)
