"""`bento.app(service)` under other ASGI servers: the same answers as under our own."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ports import reserved
from running import eventually

SERVICE = """
import bento
from bento.adapters import ArrayAdapter, JsonAdapter

class Sums(bento.Service):
    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=True)
    def total(self, rows):
        return rows.sum(axis=1)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def count(self, value):
        yield from range(value)

app = bento.app(Sums())
"""

COMMANDS = {
    "uvicorn": ["uvicorn", "app:app", "--port", "{port}"],
    "hypercorn": ["hypercorn", "app:app", "--bind", "127.0.0.1:{port}"],
    "granian": ["granian", "--interface", "asgi", "--port", "{port}", "app:app"],
}


OVER_TLS = ["uvicorn", "app:app", "--host", "localhost", "--port", "{port}", "--ssl-certfile", "cert.pem", "--ssl-keyfile", "key.pem"]


@contextmanager
def running(words: Sequence[str], folder: Path, trusted: ssl.SSLContext | None = None) -> Iterator[httpx.Client]:
    """A client of the service, which runs under a server in a process of its own; over TLS if there is a certificate to trust."""
    (folder / "app.py").write_text(SERVICE)
    with reserved() as (port,):
        command = [sys.executable, "-m", *(word.format(port=port) for word in words)]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        address = f"https://localhost:{port}" if trusted else f"http://127.0.0.1:{port}"
        try:
            with httpx.Client(base_url=address, timeout=30, verify=trusted or True) as client:
                assert eventually(lambda: server.poll() is not None or is_ready(client), 60), (folder / "log").read_text()
                yield client
        finally:
            server.terminate()
            server.wait(30)


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").text == "ready\n"
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("name", COMMANDS)
def test_a_service_answers_alike_under_any_server(name, tmp_path):
    with running(COMMANDS[name], tmp_path) as client:
        good = client.post("/total", json=[[1, 2], [3, 4]], headers={"x-request-id": "abc"})
        wrong = client.post("/total", json=[[1]])
        foreign = client.post("/total", json=[[1, 2]], headers={"origin": "https://evil.example"})
        lines = client.post("/count", json=3)
        method = client.get("/total")
        page = client.get("/")
    assert (good.status_code, good.json(), good.headers["x-request-id"]) == (200, [3.0, 7.0], "abc")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "expected an array of shape (n, 2), got (1, 1)")
    assert foreign.status_code == 403
    assert lines.content == b"0\n1\n2\n"
    assert (method.status_code, method.headers["allow"]) == (405, "POST")
    assert "POST /total" in page.text


def certified(folder: Path) -> ssl.SSLContext:
    """Make a certificate for localhost and its key in a folder; return a context that trusts the certificate."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))


def test_a_service_has_the_tls_of_another_server(tmp_path):
    """A request without TLS gets no answer and does not disturb others."""
    with running(OVER_TLS, tmp_path, certified(tmp_path)) as client:
        assert client.post("/total", json=[[1, 2], [3, 4]]).json() == [3.0, 7.0]
        assert client.post("/count", json=3).content == b"0\n1\n2\n"
        assert f"{client.base_url}".rstrip("/") + "/total" in client.get("/").text
        with socket.create_connection(("localhost", client.base_url.port)) as connection:
            connection.sendall(b"POST /total HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n[[1,2]]")
            assert b"HTTP" not in connection.makefile("rb").read()
        assert client.post("/total", json=[[1, 2]]).json() == [3.0]
