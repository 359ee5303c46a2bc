"""No code of a damaged bundle is run, whatever is wrong with the bundle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SERVICE = """
import os, pathlib
import bento
import helpers
from bento.artifacts import PickleArtifact
from bento.bundle import write_bundle

class Iris(bento.Service):
    model = PickleArtifact()

if __name__ == "__main__":
    write_bundle(Iris(model=[1]), pathlib.Path(os.environ["OUT"], "saved"))
"""
LOAD = "import pathlib, sys; from bento.bundle import *; load_service(open_bundle(pathlib.Path(sys.argv[1])))"


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "OUT": str(folder), "BENTO_DISABLE_PLUGINS": "*", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "iris.py").write_text(SERVICE)
    (folder / "helpers.py").touch()
    assert python(folder, "iris.py").stderr == ""
    return folder / "saved"


def canary(bundle: Path) -> str:
    return f"import pathlib; pathlib.Path({str(bundle.parent / 'canary')!r}).touch()\n"


def change_manifest(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((bundle / "bento.json").read_text())
    change(document)
    (bundle / "bento.json").write_text(json.dumps(document))


def add_module(bundle: Path) -> None:
    (bundle / "src/bento.py").write_text(canary(bundle))


def add_compiled_module(bundle: Path) -> None:
    (bundle / "src/__pycache__").mkdir()
    (bundle / "src/__pycache__/iris.cpython-311.pyc").write_bytes(b"\0" * 16)


def change_module(bundle: Path) -> None:
    (bundle / "src/helpers.py").write_text(canary(bundle))


def change_model(bundle: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (bundle.parent / "canary",))

    import pickle

    file = next((bundle / "artifacts/model").iterdir())
    file.write_bytes(pickle.dumps(Evil()))


def link_module(bundle: Path) -> None:
    (bundle.parent / "outside.py").write_text(canary(bundle))
    (bundle / "src/helpers.py").unlink()
    (bundle / "src/helpers.py").symlink_to(bundle.parent / "outside.py")


def link_source(bundle: Path) -> None:
    (bundle / "src").rename(bundle.parent / "outside")
    (bundle.parent / "outside/iris.py").write_text(canary(bundle))
    (bundle / "src").symlink_to(bundle.parent / "outside")


def name_another_class(bundle: Path) -> None:
    (bundle.parent / "evil.py").write_text(canary(bundle))
    change_manifest(bundle, lambda document: document.update(service="..evil:Iris"))


def list_a_file_outside(bundle: Path) -> None:
    (bundle.parent / "evil.py").write_text(canary(bundle))
    change_manifest(bundle, lambda document: document["files"].insert(0, {"path": "../evil.py", "size": 1, "sha256": "0" * 64}))


def unlist_a_module(bundle: Path) -> None:
    (bundle / "src/helpers.py").write_text(canary(bundle))
    change_manifest(bundle, lambda document: document.update(files=[file for file in document["files"] if "helpers" not in file["path"]]))


@pytest.mark.parametrize(
    "damage",
    [
        add_module,
        add_compiled_module,
        change_module,
        change_model,
        link_module,
        link_source,
        name_another_class,
        list_a_file_outside,
        unlist_a_module,
    ],
)
def test_a_damaged_bundle_is_refused_and_runs_nothing(saved: Path, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    bundle = tmp_path / "bundle"
    subprocess.run(["cp", "-r", saved, bundle], check=True)
    damage(bundle)
    done = python(tmp_path, "-c", LOAD, str(bundle))
    assert done.stderr.splitlines()[-1].startswith("bento.errors.BundleError: ")
    assert not (tmp_path / "canary").exists()


def test_the_bundle_loads_before_it_is_damaged(saved: Path, tmp_path: Path) -> None:
    assert python(tmp_path, "-c", LOAD, str(saved)).stderr == ""
