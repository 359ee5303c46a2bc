"""A Dockerfile as a real builder reads it: buildah, which needs no daemon, and changes the root folder instead of isolating more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pip
import pytest

from bento.packers import DockerPacker

pytestmark = [
    pytest.mark.skipif(not shutil.which("buildah"), reason="needs buildah, of Debian's package of that name"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root, to change the root folder"),
]
BASE = "localhost/python:3"
PYTHON = Path(sys.executable).resolve()
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/pip.conf": "[global]\nno-index = true\nfind-links = /wheelhouse\ncompile = false\n",
}


@pytest.fixture
def buildah(tmp_path):
    place = ["--root", tmp_path / "storage", "--runroot", tmp_path / "run", "--storage-driver", "vfs"]

    def buildah(*arguments: str | Path) -> str:
        done = subprocess.run(["buildah", *place, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    buildah.command = ["buildah", *place]
    yield buildah
    buildah("rm", "--all")


@pytest.fixture
def base(buildah, root_tar, libraries_of, tmp_path) -> str:
    """The image that `FROM` names: a shell, `useradd`, this machine's Python, and a pip that asks the folder /wheelhouse."""
    root = tmp_path / "root"
    with tarfile.open(root_tar) as archive:
        archive.extractall(root, filter="tar")
    useradd = Path(shutil.which("useradd"))
    for source in (useradd, *libraries_of(useradd)):
        target = root / str(source).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    for path, text in ACCOUNTS.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    library = root / str(PYTHON.parents[1] / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}").lstrip("/")
    shutil.copytree(Path(pip.__file__).parent, library / "site-packages/pip")
    (root / "usr/local/bin/python").symlink_to(PYTHON)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, root, "/")
    buildah("config", "--env", f"PATH={PYTHON.parent}:/usr/local/bin:/usr/sbin:/usr/bin:/bin", container)
    buildah("commit", "--quiet", container, BASE)
    return BASE


@pytest.fixture
def image(scale, base, buildah, wheelhouse, tmp_path) -> str:
    context = DockerPacker(base_image=base).pack(scale, tmp_path / "context")
    options = ["--isolation", "chroot", "--format", "docker", "--pull-never", "--volume", f"{wheelhouse}:/wheelhouse:ro"]
    buildah("bud", *options, "--tag", "scale", context)
    return "localhost/scale"


def test_buildah_builds_an_image_that_answers_on_its_port(image, buildah, tmp_path, port, serving, asking):
    settings = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    assert (settings["User"], settings["StopSignal"]) == ("10001:10001", "SIGTERM")
    assert settings["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    container = buildah("from", "--pull-never", image)
    command = [*buildah.command, "run", "--isolation", "chroot", "--env", f"PORT={port}", container, "--", *settings["Cmd"]]
    with serving(command, port, dict(os.environ), tmp_path, status=1):  # buildah kills its process when it is told to stop
        assert asking(port, "/multiply", b"21") == (200, b"42.0")
