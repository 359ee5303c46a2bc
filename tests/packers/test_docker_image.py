"""Without Docker, the steps of a Dockerfile are run one by one, in a folder that stands for the file system of the image."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import venv
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pip
import pytest

from bento.packers import DockerPacker
from bento.store import Store
from ports import reserved

SOURCE = '''
import bento
from bento.adapters import JsonAdapter
from bento.artifacts import ArrayArtifact


class Scale(bento.Service):
    """Multiply by a number."""

    env = bento.Env(apt=["libgomp1"], setup="setup.sh")
    factor = ArrayArtifact()

    @bento.api(input=JsonAdapter())
    def multiply(self, value):
        return value * float(self.factor[0])
'''
NEEDS_DEBIAN = ("useradd", "apt-get")
IN_IMAGE = re.compile(r"(?<![\w.])/(?=(opt/bento|bundle|home/bento)\b)")


class Image:
    """A folder for the file system, an environment and a command, as the steps of a Dockerfile leave them."""

    def __init__(self, context: Path, root: Path) -> None:
        self.context, self.root = context, root
        venv.create(root / "venv", symlinks=True)
        (site,) = (root / "venv").glob("lib/python*/site-packages")
        (site / "pip").symlink_to(Path(pip.__file__).parent)
        self.env = {**os.environ, "PATH": f"{root / 'venv/bin'}:{os.environ['PATH']}", "HOME": str(root)}
        self.last: dict[str, str] = {}
        steps = {"ENV": self.set, "COPY": self.copy, "RUN": self.run}
        for line in (context / "Dockerfile").read_text().replace("\\\n", " ").splitlines():
            name, _, arguments = line.partition(" ")
            steps.get(name, self.note)(arguments.strip())
            self.last[name] = arguments.strip()

    def inside(self, text: str) -> str:
        return IN_IMAGE.sub(f"{self.root}/", text)

    def set(self, arguments: str) -> None:
        self.env.update(pair.split("=", 1) for pair in shlex.split(arguments))

    def copy(self, arguments: str) -> None:
        *sources, target = arguments.split()
        folder = Path(self.inside(target))
        folder.mkdir(parents=True, exist_ok=True)
        for source in (self.context / name for name in sources):
            shutil.copytree(source, folder, dirs_exist_ok=True) if source.is_dir() else shutil.copy(source, folder)

    def run(self, arguments: str) -> None:
        if not arguments.startswith(NEEDS_DEBIAN):
            done = subprocess.run(["sh", "-c", self.inside(arguments)], env=self.env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

    def note(self, arguments: str) -> None:
        """Other instructions change nothing on a disk."""

    def command(self, name: str) -> list[str]:
        """The command of the last CMD or HEALTHCHECK, in its exec form."""
        return [self.inside(word) for word in json.loads(self.last[name][self.last[name].index("[") :])]


@pytest.fixture(params=[False, True], ids=["pinned", "locked"])
def image(request, from_wheelhouse, tmp_path, monkeypatch) -> Image:
    """A bundle packed as an image context, with and without a lock; its packages are installed from a folder of wheels."""
    for name, value in from_wheelhouse.items():
        monkeypatch.setenv(name, value)
    project = tmp_path / "project"
    project.mkdir()
    (project / "scale_in_image.py").write_text(SOURCE)
    (project / "setup.sh").write_text('#!/bin/sh\ntouch "$HOME/set-up"\n')
    monkeypatch.syspath_prepend(str(project))
    service = importlib.import_module("scale_in_image").Scale(factor=np.array([2.0]))
    bundle = Store(tmp_path / "store").save(service, version="1", lock=request.param)
    return Image(DockerPacker().pack(bundle, tmp_path / "context"), tmp_path / "image")


def ask(port: int, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def wait_until(holds: Callable[[], bool], server: subprocess.Popen[str]) -> None:
    while not holds():
        assert server.poll() is None, server.stdout.read()


def test_the_steps_of_an_image_give_a_server_that_answers_on_its_port_and_stops_when_told(image):
    with ExitStack() as stack:
        (port,) = stack.enter_context(reserved())
        env = {**image.env, "PORT": str(port)}
        server = stack.enter_context(
            subprocess.Popen(image.command("CMD"), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        try:
            health = image.command("HEALTHCHECK")
            wait_until(lambda: subprocess.run(health, env=env, capture_output=True, check=False).returncode == 0, server)
            wait_until(lambda: ask(port, "/readyz")[0] == 200, server)
            assert ask(port, "/multiply", b"21") == (200, b"42.0")
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0
    assert (image.root / "set-up").exists()
    assert image.last["USER"] == "10001:10001"
