"""Wheels and requirements of a hostile bundle: packing installs nothing outside the image, runs nothing, and requests nothing else."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bento.errors import BundleError, PackerError
from bento.packers import DockerPacker, HerokuPacker, LambdaPacker, OciPacker, SystemdPacker
from bento.store import pack

CANARY = "import pathlib, os; pathlib.Path(os.environ['CANARY']).touch()\n"
NAME = "evil-1.0-py3-none-any.whl"
WHEELS: Mapping[str, Mapping[str, str]] = {
    "a name that leads outside": {"../../canary": "x"},
    "an absolute name": {"/tmp/canary": "x"},
    "data that leads outside": {"evil-1.0.data/data/../../../canary": "x"},
    "a script that leads outside": {"evil-1.0.data/scripts/../../../canary": "#!python\n"},
    "a command that leads outside": {"evil-1.0.dist-info/entry_points.txt": "[console_scripts]\n../../../canary = evil:main\n"},
    "a command at an absolute path": {"evil-1.0.dist-info/entry_points.txt": "[console_scripts]\n/tmp/canary = evil:main\n"},
    "code that is run when Python starts": {"evil.pth": CANARY, "sitecustomize.py": CANARY, "usercustomize.py": CANARY},
    "a module of pip's own": {"pip/__init__.py": CANARY, "pip/_internal/__init__.py": CANARY},
    "a build of its own": {"setup.py": CANARY, "pyproject.toml": "[build-system]\nrequires = ['canary']\n"},
    "no metadata of its name": {"other-2.0.dist-info/METADATA": "Name: other\nVersion: 2.0\n"},
}


def wheel(extra: Mapping[str, str], folder: Path) -> bytes:
    info = "evil-1.0.dist-info"
    files = {
        "evil.py": CANARY,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **extra,
    }
    path = folder / NAME
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]))
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.mark.parametrize("extra", WHEELS.values(), ids=WHEELS.keys())
def test_a_hostile_wheel_touches_nothing_but_the_image(make_bundle, tmp_path, monkeypatch, extra):
    monkeypatch.setenv("CANARY", str(tmp_path / "canary"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    bundle = make_bundle(tmp_path / "bundle", {f"wheels/{NAME}": wheel(extra, tmp_path), "src/iris.py": b""}, requirements=["evil==1.0"])
    before = set(Path("/tmp").glob("canary*"))
    try:
        pack(bundle, OciPacker(base="scratch"), tmp_path / "out")
    except PackerError as error:
        assert "cannot install what iris:3 requires: " in str(error)  # noqa: PT017 - to pack it is as good
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*canary*")}
    assert found == set()
    assert set(Path("/tmp").glob("canary*")) == before
    assert os.listdir(tmp_path / "tmp") == []  # noqa: PTH208 - names only
    assert sorted(path.name for path in tmp_path.iterdir()) in (["bundle", "tmp"], ["bundle", "out", "tmp"])


@pytest.mark.parametrize(
    "name", ["-r.whl", "--index-url.whl", "evil.whl", "evil 1-1.0-py3-none-any.whl", "$(id)-1.0-py3-none-any.whl", "evil-1.0.tar.gz"]
)
@pytest.mark.parametrize("packer", [DockerPacker(), HerokuPacker(), SystemdPacker()], ids=lambda packer: packer.name)
def test_a_file_that_is_not_named_like_a_wheel_is_not_packed(make_bundle, tmp_path, packer, name):
    bundle = make_bundle(tmp_path / "bundle", {f"wheels/{name}": b"PK", "src/iris.py": b""})
    with pytest.raises(PackerError, match=r"is not the name of a wheel: expected one like 'flowers-1\.0-py3-none-any\.whl'"):
        pack(bundle, packer, tmp_path / "out")


LINES = [
    "--index-url http://canary.example",
    "-i http://canary.example",
    "--extra-index-url=http://canary.example",
    "--find-links /tmp",
    "--trusted-host canary.example",
    "-e .",
    "-r /etc/passwd",
    "-c /etc/passwd",
    ".",
    "./evil.whl",
    "/tmp/evil",
    "git+https://canary.example/x",
    "file:///tmp/evil",
    "evil @ file:///tmp/evil",
    "evil @ git+https://canary.example/x",
    "evil==1.0 --hash=sha256:0",
    "evil==1.0 \\\n--index-url http://canary.example",
    "evil==1.0 # comment",
    "evil==1.0; os_name == '${HOME}'",
    "evil==${VERSION}",
    "evil==1.0\n-e .",
    "",
]


@pytest.mark.parametrize("line", LINES)
def test_a_requirement_that_pip_would_read_as_more_is_refused(make_bundle, tmp_path, line):
    with pytest.raises(BundleError, match=r"expected a requirement like 'numpy==2\.1\.0'"):
        make_bundle(tmp_path / "bundle", requirements=[line])


@pytest.mark.parametrize("packer", [DockerPacker(), HerokuPacker(), LambdaPacker(), SystemdPacker()], ids=lambda packer: packer.name)
def test_requirements_are_installed_from_the_manifest_and_not_from_requirements_txt(make_bundle, tmp_path, packer):
    """The bundle's own `requirements.txt` is for people who install by hand."""
    files = {"requirements.txt": b"--index-url http://canary.example\nevil==1.0\n", "src/iris.py": b""}
    out = pack(make_bundle(tmp_path / "bundle", files), packer, tmp_path / "out")
    written = [path for path in out.rglob("*") if path.is_file() and not path.is_relative_to(out / "bundle")]
    assert written
    for path in written:
        assert b"canary" not in path.read_bytes()
        assert b"evil" not in path.read_bytes()
    for path in written:
        assert b"bundle/requirements.txt" not in path.read_bytes() or path.name == "Dockerfile"


@pytest.mark.parametrize(
    "line", ["--index-url http://canary.example", "-e .", "evil==1.0", "evil @ file:///tmp/x --hash=sha256:" + "0" * 64, "\x00"]
)
def test_a_lock_that_holds_more_than_versions_and_hashes_is_not_packed(make_bundle, tmp_path, line):
    lock = "".join(f"{name} --hash=sha256:{'0' * 64}\n" for name in ("bento-core==0.1.0", "numpy==2.1.0")) + f"{line}\n"
    bundle = make_bundle(tmp_path / "bundle", {"requirements.lock": lock.encode(), "src/iris.py": b""})
    with pytest.raises(PackerError, match=r"'requirements\.lock' is not a lock"):
        pack(bundle, DockerPacker(), tmp_path / "out")
