"""A bundle named by URL is cached, verified there, and not fetched again while it cannot have changed."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import bento
from bento.bundle import verify
from bento.errors import BundleError, NotFound, RemoteError, UntrustedError
from bento.packers import ArchivePacker
from bento.store import check_trust, find, pack


@pytest.fixture
def pushed(store, service, tmp_path):
    """A remote that has iris:1, as a folder and its URL."""
    store.save(service, version="1")
    folder = tmp_path / "remote"
    return folder, bento.push("iris:1", f"file://{folder}", store=store).rpartition("/")[0]


def test_a_bundle_is_found_by_the_url_of_its_tag(store, pushed):
    _, url = pushed
    for target in (f"{url}/iris:1", f"{url}/iris", f"{url}/iris:latest"):
        found = find(target, store=store)
        assert found.fingerprint == store.get("iris:1").fingerprint
        assert found.path.is_relative_to(store.root / "cache")
        verify(found)
    assert [str(bundle.tag) for bundle in store.list()] == ["iris:1"]


def test_a_cached_version_is_not_fetched_again_but_the_latest_is_looked_up(store, service, pushed):
    folder, url = pushed
    find(f"{url}/iris:1", store=store)
    store.save(service, version="2")
    bento.push("iris:2", url, store=store)
    assert str(find(f"{url}/iris", store=store).tag) == "iris:2"
    shutil.rmtree(folder)
    assert str(find(f"{url}/iris:1", store=store).tag) == "iris:1"
    with pytest.raises(NotFound) as caught:
        find(f"{url}/iris", store=store)
    assert str(caught.value) == f"no bundle iris:latest in the store at {url}: it is empty"


def test_a_cached_bundle_is_verified_before_it_is_loaded(store, pushed):
    _, url = pushed
    source = find(f"{url}/iris:1", store=store).path / "src/meadow.py"
    source.chmod(0o644)
    source.write_text(source.read_text() + "#")
    with pytest.raises(BundleError, match=r"'src/meadow\.py' has \d+ bytes, expected"):
        bento.load(f"{url}/iris:1", store=store)


def test_a_bundle_named_by_url_is_not_trusted_unless_it_was_made_here(store, pushed, tmp_path):
    _, url = pushed
    assert bento.load(f"{url}/iris:1", store=store).predict([1]) == "setosa"
    other = bento.Store(tmp_path / "other")
    with pytest.raises(UntrustedError):
        bento.load(f"{url}/iris:1", store=other)
    assert bento.load(f"{url}/iris:1", store=other, trust=True).predict([1]) == "setosa"


def test_a_bundle_named_by_url_can_be_packed(store, pushed, tmp_path):
    _, url = pushed
    assert pack(f"{url}/iris", "archive", tmp_path / "iris.bento", store=store).is_file()


def test_a_damaged_remote_gives_the_same_error_by_url_as_by_pull(store, pushed):
    folder, url = pushed
    for blob in (folder / "blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"canary")
    with pytest.raises(RemoteError, match=f"at {url} is damaged: it has to be pushed again"):
        find(f"{url}/iris:1", store=bento.Store(folder / "other"))


@pytest.mark.parametrize("url", ["s3://bucket", "file:///", "file:///iris:1"])
def test_a_url_without_a_remote_or_a_tag_is_refused(store, url):
    with pytest.raises(RemoteError, match=r"^expected "):
        find(url, store=store)


class Handler(SimpleHTTPRequestHandler):
    """Serves files with an ETag, and counts what it sends in full."""

    sent: list[str]

    def do_GET(self):
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/away/"))
            self.end_headers()
            return
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        tag = f'"{len(content)}-{file.stat().st_mtime_ns}"'
        same = self.headers.get("If-None-Match") == tag
        self.send_response(304 if same else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(0 if same else len(content) + self.path.endswith("?short")))
        self.end_headers()
        if not same:
            self.sent.append(self.path)
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web(tmp_path):
    """A web server on loopback: its folder, its URL, and what it has sent."""
    (tmp_path / "web").mkdir()
    sent: list[str] = []
    handler = type("Counting", (Handler,), {"sent": sent})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path / "web"))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield tmp_path / "web", f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()
        thread.join()


@pytest.fixture
def archive(web, make_bundle, tmp_path):
    return ArchivePacker().pack(make_bundle(tmp_path / "bundle"), web[0] / "iris.bento")


def test_an_archive_is_found_by_its_url_and_downloaded_once(store, web, archive):
    _, url, sent = web
    first, again = (find(f"{url}/iris.bento", store=store) for _ in range(2))
    assert first == again
    verify(first)
    assert sent == ["/iris.bento"]
    assert store.list() == []
    with pytest.raises(UntrustedError):
        check_trust(first, store=store)


def test_a_changed_archive_is_downloaded_again_even_under_the_same_tag(store, web, archive, make_bundle, tmp_path):
    _, url, sent = web
    first = find(f"{url}/iris.bento", store=store)
    archive.unlink()
    ArchivePacker().pack(make_bundle(tmp_path / "second", labels={"second": "yes"}), archive)
    assert find(f"{url}/iris.bento", store=store).manifest.labels == {"second": "yes"}
    assert len(sent) == 2
    verify(first)


def test_a_cache_that_was_lost_in_part_is_filled_again(store, web, archive):
    _, url, sent = web
    for damage in (shutil.rmtree, lambda path: (path / "bento.json").write_text("{")):
        damage(find(f"{url}/iris.bento", store=store).path)
        verify(find(f"{url}/iris.bento", store=store))
    assert len(sent) == 3


def test_a_url_without_an_archive_is_an_error_without_a_traceback(store, web, archive):
    folder, url, _ = web
    (folder / "page.bento").write_text("<html>")
    for path, message in (
        ("no.bento", f"cannot download {url}/no.bento: 404 Not Found"),
        ("iris.bento?short", "bytes arrived from"),
        ("page.bento", "it is not a whole archive"),
    ):
        with pytest.raises((RemoteError, BundleError)) as caught:
            find(f"{url}/{path}", store=store)
        assert message in str(caught.value)


def test_a_missing_web_server_is_an_error_without_a_traceback(store):
    with pytest.raises(RemoteError) as caught:
        find("https://127.0.0.1:9/iris.bento", store=store)
    assert str(caught.value) == (
        "cannot download https://127.0.0.1:9/iris.bento: Connection refused: "
        "see whether the server is up, and whether the URL is its address"
    )


def test_an_archive_is_not_downloaded_over_plain_http(store, web, archive):
    _, url, _ = web
    for target in ("http://models.example.org/iris.bento", f"{url}/away/http://models.example.org:9/iris.bento"):
        with pytest.raises(RemoteError) as caught:
            find(target, store=store)
        assert str(caught.value).endswith(": use https://")


TLS = """
import ssl, sys
from http.server import HTTPServer, SimpleHTTPRequestHandler
server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.handle_request()
"""


# Python itself leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_with_a_self_signed_certificate_is_refused(store, tmp_path):
    write_certificate(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", TLS], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        with pytest.raises(RemoteError, match="certificate verify failed"):
            find(f"https://127.0.0.1:{int(server.stdout.readline())}/iris.bento", store=store)
        server.wait()
    gc.collect()


def write_certificate(folder: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    (folder / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)


def test_other_kinds_of_urls_are_refused_with_those_that_are_understood(store):
    with pytest.raises(RemoteError) as caught:
        find("ftp://models.example.org/iris:1", store=store)
    assert str(caught.value) == ("expected a remote such as s3://bucket/store or file:///srv/models, got 'ftp://models.example.org/iris:1'")
