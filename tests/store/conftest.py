from __future__ import annotations

import gc
import importlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from bento.store import Store

if TYPE_CHECKING:
    from bento import Service

SOURCE = '''
import bento
from bento.artifacts import JsonArtifact, PickleArtifact


class Iris(bento.Service):
    """Tell an iris's species."""

    model = JsonArtifact()

    @bento.api
    def predict(self, row):
        return self.model["species"]


class Rose(Iris):
    extra = PickleArtifact()
'''

SMALL_REGISTRY = Path(__file__).parents[1] / "support/small_registry.py"

MOTO = """
import sys, threading
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys).create_bucket(Bucket="models")
print(port, flush=True)
sys.stdin.read()
"""

SFTP = """
import asyncio, sys
import asyncssh

class Server(asyncssh.SSHServer):
    def begin_auth(self, username): return True
    def password_auth_supported(self): return True
    def validate_password(self, username, password): return (username, password) == ("user", "secret")

async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    files = lambda channel: asyncssh.SFTPServer(channel, chroot=b"files")
    server = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[key], sftp_factory=files)
    port = server.get_port()
    with open("home/.ssh/known_hosts", "w") as known:
        known.write(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Iterator[Path]:
    """A project with a module `meadow` that defines two services."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "meadow.py").write_text(SOURCE)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("meadow", None)


@pytest.fixture(scope="session")
def service(project) -> Service:
    return importlib.import_module("meadow").Iris(model={"species": "setosa"})


@pytest.fixture(scope="session")
def rose(project) -> Service:
    return importlib.import_module("meadow").Rose(model={"species": "rosa"}, extra=[1])


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def clock(monkeypatch) -> Callable[[int], None]:
    """Sets the time that bundles are saved at."""
    return lambda seconds: monkeypatch.setenv("SOURCE_DATE_EPOCH", str(seconds))


@pytest.fixture
def run(project, store) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs Python code beside the test, with a `store` and a `service`; lines go in and out."""
    before = f"import os, sys; sys.path.insert(0, {str(project)!r})\nfrom pathlib import Path\nfrom bento.store import Store\n"
    before += f"import meadow\nservice = meadow.Iris(model={{'species': 'setosa'}})\nstore = Store(Path({str(store.root)!r}))\n"
    started = []

    def start(code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-c", before + code]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of an ordinary user, whom modes mean something to; root is one for as long as the test runs."""
    user = os.geteuid()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        os.seteuid(65534 if user == 0 else user)
        try:
            (Path(folder) / "home").mkdir()
            yield Path(folder) / "home"
        finally:
            os.seteuid(user)


@dataclass(frozen=True)
class Elsewhere:
    """A place for a remote: its URL, and what has to be in the environment to reach it."""

    url: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def s3(tmp_path_factory) -> Iterator[Elsewhere]:
    """A server that speaks S3 on loopback, in a process of its own."""
    process, port = started([sys.executable, "-c", MOTO], tmp_path_factory.mktemp("moto"))
    yield Elsewhere(
        "s3://models",
        {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        },
    )
    stop(process)


@pytest.fixture(scope="session")
def sftp(tmp_path_factory) -> Iterator[Elsewhere]:
    """An SFTP server on loopback, whose key is known, in a process of its own."""
    folder = tmp_path_factory.mktemp("sftp")
    (folder / "files").mkdir()
    (folder / "home/.ssh").mkdir(parents=True)
    process, port = started([sys.executable, "-c", SFTP], folder)
    yield Elsewhere(f"sftp://user:secret@127.0.0.1:{port}", {"HOME": str(folder / "home")})
    stop(process)


@pytest.fixture(scope="session")
def small_registry(tmp_path_factory) -> Iterator[Elsewhere]:
    """A registry of ours on loopback, which always runs."""
    folder = tmp_path_factory.mktemp("registry")
    process, port = started([sys.executable, str(SMALL_REGISTRY), str(folder / "files")], folder)
    yield Elsewhere(f"oci://127.0.0.1:{port}", {})
    stop(process)


@pytest.fixture(scope="session")
def docker_registry(tmp_path_factory) -> Iterator[Elsewhere]:
    """Debian's registry on loopback, where it is installed."""
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    process, port = started_docker_registry(tmp_path_factory.mktemp("docker-registry"))
    yield Elsewhere(f"oci://127.0.0.1:{port}", {})
    stop(process)


def started_docker_registry(folder: Path) -> tuple[subprocess.Popen[str], int]:
    storage = f"storage: {{filesystem: {{rootdirectory: {folder / 'files'}}}}}"
    (folder / "config.yml").write_text(f"{{version: 0.1, log: {{level: info}}, {storage}, http: {{addr: '127.0.0.1:0'}}}}")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["docker-registry", "serve", "config.yml"], cwd=folder, stdout=log, stderr=log, text=True)
    while not (found := re.search(r"listening on [^ \"]*:(\d+)", (folder / "log").read_text())):
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.02)
    return process, int(found[1])


@pytest.fixture
def start_server(tmp_path) -> Iterator[Callable[[list[str]], int]]:
    """Starts a server that prints its port, for as long as the test runs."""
    processes = []

    def start(command: list[str]) -> int:
        process, port = started(command, tmp_path)
        processes.append(process)
        return port

    yield start
    for process in processes:
        stop(process)


def started(command: list[str], folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A server that prints its port when it is there, and ends when nobody holds its standard input any more."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    assert line, (folder / "log").read_text()
    return process, int(line)


def stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


@pytest.fixture(params=["file", "s3", "sftp", "small_registry", "docker_registry"])
def elsewhere(request, tmp_path, monkeypatch) -> Iterator[str]:
    """The URL of a remote that is empty, and can be reached."""
    if request.param == "file":
        yield f"file://{tmp_path}/elsewhere%20/remote"
        return
    place = request.getfixturevalue(request.param)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    yield f"{place.url}/{tmp_path.name}/remote"
    end_threads()


def end_threads() -> None:
    """Close the connections that nobody uses any more, and end the thread of fsspec's that would: other tests must not find it."""
    from fsspec import asyn

    gc.collect()
    if asyn.loop[0] is not None:
        asyn.loop[0].call_soon_threadsafe(asyn.loop[0].stop)
        asyn.iothread[0].join()
        asyn.loop[0].close()
        asyn.loop[0] = asyn.iothread[0] = None
