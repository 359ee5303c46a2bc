"""If a bundle changes after it was verified and before it is used, no changed file is run or packed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
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
def test_a_file_that_changes_while_its_bundle_is_packed_is_not_packed(make_bundle, tmp_path, packer, name, change: Callable[[Path], None]):
    bundle = make_bundle(tmp_path / "bundle", FILES, apis=[API])

    def meanwhile(done: int) -> None:
        if done == bundle.size:
            change(bundle.path / name)

    with pytest.raises(PackerError, match=r"has changed since it was verified|cannot write"):
        pack(bundle, packer, tmp_path / "out", progress=meanwhile)
    assert not (tmp_path / "out").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "secret") == ["bundle"]


@pytest.mark.parametrize("change", [grown, piped])
def test_a_file_that_grows_or_becomes_a_pipe_while_its_bundle_is_packed_is_not_packed(make_bundle, tmp_path, change):
    bundle = make_bundle(tmp_path / "bundle", FILES)
    with pytest.raises(PackerError):
        pack(
            bundle,
            FolderPacker(),
            tmp_path / "out",
            progress=lambda done: change(bundle.path / "src/iris.py") if done == bundle.size else 0,
        )
    assert not (tmp_path / "out").exists()


def test_the_bundle_of_these_tests_is_packed_if_nothing_changes(make_bundle, tmp_path):
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


def test_an_extension_module_that_the_bundle_does_not_list_is_not_run_however_late_it_comes(saved, tmp_path):
    bundle = tmp_path / "bundle"
    subprocess.run(["cp", "-r", saved, bundle], check=True)
    late = bundle / "src" / f"late{EXTENSION_SUFFIXES[0]}"
    code = f"{LOAD}\n(bundle.path / 'src' / {late.name!r}).write_bytes(b'')\nimport late"
    done = subprocess.run([sys.executable, "-c", code, bundle], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "loaded\n"
    assert done.stderr.splitlines()[-1] == f"bento.errors.BundleError: {late} has changed since it was verified"


def test_an_extension_module_that_the_bundle_lists_is_run(tmp_path):
    compiled = find_spec("_lsprof")
    if compiled is None or not compiled.has_location or compiled.origin is None:
        pytest.skip("this Python has no _lsprof in a file of its own")
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(compiled.origin, project)
    (project / "iris.py").write_text(SERVICE.replace("import words", "import _lsprof"))
    environ = {**os.environ, "OUT": str(tmp_path / "saved"), "BENTO_DISABLE_PLUGINS": "*"}
    subprocess.run([sys.executable, "iris.py"], cwd=project, env=environ, check=True)
    code = f"{LOAD}\nimport _lsprof\nprint(_lsprof.__file__)"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "saved"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"loaded\n{tmp_path / 'saved/src' / Path(compiled.origin).name}\n"
