"""What changes a bundle after it was verified and before it is used gets nothing run, and nothing into what is packed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bento.bundle import open_bundle, verify
from bento.bundle.unpack import unpack_archive
from bento.errors import PackerError
from bento.packers import FolderPacker
from bento.store import pack
from bundles import API
from every_packer import PACKERS

CANARY = "the-secret-of-another-folder"
FILES = {
    "artifacts/model/weights": b"weights",
    "requirements.txt": b"",
    "src/iris.py": b"import bento\n",
    "wheels/flowers-1.0-py3-none-any.whl": b"no wheel that anybody opens here",
    "z": b"the last one to be verified",
}
SERVICE = """
import os, pathlib
import bento
import words
from bento.bundle import write_bundle

class Iris(bento.Service):
    pass

if __name__ == "__main__":
    write_bundle(Iris(), pathlib.Path(os.environ["OUT"]))
"""
LOAD = """
import pathlib, sys
from bento.bundle import load_service, open_bundle
bundle = open_bundle(pathlib.Path(sys.argv[1]))
def meanwhile(done):
    if done == bundle.size:
        for module in sys.argv[2:]:
            with open(bundle.path / "src" / module, "a") as file:
                file.write(f"\\nprint('canary of {module}')\\n")
load_service(bundle, progress=meanwhile)
print("loaded")
"""


def rewritten(file: Path) -> None:
    file.write_bytes(b"X" * file.stat().st_size)


def grown(file: Path) -> None:
    file.write_bytes(file.read_bytes() + CANARY.encode())


def linked(file: Path) -> None:
    secret = file.parents[2 if file.parent.name != "bundle" else 1] / "secret"
    secret.write_text(CANARY)
    file.unlink()
    file.symlink_to(secret)


def piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("packer", PACKERS, ids=lambda packer: packer.name)
@pytest.mark.parametrize("name", ["src/iris.py", "artifacts/model/weights", "wheels/flowers-1.0-py3-none-any.whl", "bento.json"])
@pytest.mark.parametrize("change", [rewritten, linked])
def test_what_changes_while_a_bundle_is_packed_is_not_packed(make_bundle, tmp_path, packer, name, change: Callable[[Path], None]):
    bundle = make_bundle(tmp_path / "bundle", FILES, apis=[API])

    def meanwhile(done: int) -> None:
        if done == bundle.size:
            change(bundle.path / name)

    with pytest.raises(PackerError, match=r"has changed since it was verified|cannot write"):
        pack(bundle, packer, tmp_path / "out", progress=meanwhile)
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "secret") == ["bundle"]


@pytest.mark.parametrize("change", [grown, piped])
def test_nor_is_what_has_grown_or_is_a_pipe_by_then(make_bundle, tmp_path, change):
    bundle = make_bundle(tmp_path / "bundle", FILES)
    with pytest.raises(PackerError):
        pack(
            bundle,
            FolderPacker(),
            tmp_path / "out",
            progress=lambda done: change(bundle.path / "src/iris.py") if done == bundle.size else 0,
        )
    assert not (tmp_path / "out").exists()


def test_the_bundle_that_is_changed_is_packed_when_it_is_not(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", FILES, apis=[API])
    for packer in PACKERS:
        pack(bundle, packer, tmp_path / packer.name)
    verify(open_bundle(tmp_path / "folder"))
    verify(unpack_archive(tmp_path / "archive", tmp_path / "unpacked"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("project")
    (project / "iris.py").write_text(SERVICE)
    (project / "words.py").touch()
    environ = {**os.environ, "OUT": str(project / "saved"), "BENTO_DISABLE_PLUGINS": "*"}
    subprocess.run([sys.executable, "iris.py"], cwd=project, env=environ, check=True)
    return project / "saved"


@pytest.mark.parametrize("module", ["iris.py", "words.py"])
def test_a_module_that_changes_before_it_is_imported_is_not_run(saved, tmp_path, module):
    bundle = tmp_path / "bundle"
    subprocess.run(["cp", "-r", saved, bundle], check=True)

    def load(*changed: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LOAD, str(bundle), *changed]
        return subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "BENTO_DISABLE_PLUGINS": "*"}, capture_output=True, text=True, check=False
        )

    assert load().stdout == "loaded\n"
    done = load(module)
    assert done.stdout == ""
    assert f"BundleError: {bundle / 'src' / module} has changed since it was verified" in done.stderr.splitlines()[-1]
