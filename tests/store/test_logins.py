"""The name and password in the URL of an archive are sent to its server only."""

from __future__ import annotations

import base64
import logging
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bento.errors import RemoteError
from bento.packers import ArchivePacker
from bento.store import find
from bento.store.remotes.address import shown
from bento.store.remotes.remote import Remote
from bento.store.trust.provenance import provenance

PASSWORD = "s3cr/t:p@ss"
WRITTEN = "s3cr%2Ft:p%40ss"


class Guarded(BaseHTTPRequestHandler):
    """Serves an archive to clients with the password, and redirects `/same` and `/other` to itself and to another server."""

    archive: bytes
    asked: list[tuple[str, str | None]]
    other = ""

    def do_GET(self):
        said = self.headers.get("Authorization")
        self.asked.append((self.path, said))
        if self.path != "/iris.bento":
            self.send_response(302)
            self.send_header("Location", (self.other if self.path == "/other" else "") + "/iris.bento")
        elif said != "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="models"')
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.archive)))
            self.end_headers()
            self.wfile.write(self.archive)
            return
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def serving(handler):
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def guarded(make_bundle, tmp_path):
    """The host of a server that needs a login, and the paths it was asked for with the logins sent."""
    archive = ArchivePacker().pack(make_bundle(tmp_path / "bundle"), tmp_path / "iris.bento").read_bytes()
    told = {"archive": archive, "asked": []}
    with ExitStack() as stack:
        other = stack.enter_context(serving(type("Other", (Guarded,), told)))
        yield stack.enter_context(serving(type("First", (Guarded,), {**told, "other": f"http://{other}"}))), told["asked"]


def test_the_login_in_a_url_is_sent_to_the_server(store, guarded):
    host, _ = guarded
    assert str(find(f"http://ann:{WRITTEN}@{host}/iris.bento", store=store).tag) == "iris:3"


def test_a_password_is_not_written_to_the_store(store, guarded, caplog):
    host, _ = guarded
    caplog.set_level(logging.DEBUG)
    bundle = find(f"http://ann:{WRITTEN}@{host}/iris.bento", store=store)
    noted = [path.read_text(errors="replace") for path in store.root.rglob("*") if path.is_file()]
    told = str(provenance(bundle, store))
    assert f"http://ann:***@{host}/iris.bento" in told
    assert [text for text in (*noted, told, caplog.text) if "s3cr" in text] == []


def test_the_cache_of_a_url_does_not_depend_on_the_password(store, guarded):
    host, _ = guarded
    find(f"http://ann:{WRITTEN}@{host}/iris.bento", store=store)
    with pytest.raises(RemoteError):
        find(f"http://ann:wrong@{host}/iris.bento", store=store)
    assert len(list((store.root / "cache").iterdir())) == 1


@pytest.mark.parametrize(("login", "said"), [("", ""), ("ann:wr0ng@", "ann:***@"), ("t0ken@", "***@")])
def test_a_refused_login_is_an_error_that_shows_how_to_write_one(store, guarded, login, said):
    host, _ = guarded
    with pytest.raises(RemoteError) as caught:
        find(f"http://{login}{host}/iris.bento", store=store)
    assert str(caught.value) == (
        f"cannot download http://{said}{host}/iris.bento: 401 Unauthorized: "
        "it asks for a name and a password, as in https://USER:PASSWORD@host/iris.bento"
    )


def test_a_login_is_sent_again_after_a_redirect_to_the_same_server_only(store, guarded):
    host, asked = guarded
    find(f"http://ann:{WRITTEN}@{host}/same", store=store)
    assert [said is not None for _, said in asked] == [True, True]
    asked.clear()
    with pytest.raises(RemoteError, match="401"):
        find(f"http://ann:{WRITTEN}@{host}/other", store=store)
    assert [(path, said is not None) for path, said in asked] == [("/other", True), ("/iris.bento", False)]


def test_a_password_is_not_sent_over_plain_http(store):
    with pytest.raises(RemoteError) as caught:
        find("http://ann:s3cret@models.example.org/iris.bento", store=store)
    assert str(caught.value) == (
        "anybody on the network could change what comes from http://ann:***@models.example.org/iris.bento: use https://"
    )


def test_a_login_in_the_url_of_a_registry_is_refused_with_the_way_to_log_in():
    with pytest.raises(RemoteError) as caught:
        Remote("oci://ann:s3cret@registry.example.org/models")
    assert str(caught.value) == (
        "oci://ann:***@registry.example.org/models says who you are, but a registry is told only what docker login has saved: "
        "docker login registry.example.org, and leave it out"
    )


@pytest.mark.parametrize("password", ["s3c/ret", "s3c#ret", "s3c?ret", "s3c[ret"])
def test_a_password_that_should_have_been_percent_encoded_is_not_shown(store, password):
    with pytest.raises(RemoteError) as caught:
        find(f"https://ann:{password}@models.example.org/iris.bento", store=store)
    assert "s3c" not in str(caught.value)
    assert "ret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://ann:secret@host/x", "https://ann:***@host/x"),
        ("https://ann:12345@host/x", "https://ann:***@host/x"),
        ("https://ann:p@ss@host/x@1", "https://ann:***@host/x@1"),
        ("https://token@host/x", "https://***@host/x"),
        ("sftp://ann@host/x", "sftp://ann@host/x"),
        ("https://ann:pa/ss@host/x", "https://ann:***@host/x"),
        ("https://host:8080/x@1", "https://host:8080/x@1"),
        ("https://host/x:y@1", "https://host/x:y@1"),
        ("https://[::1]:80/x@1", "https://[::1]:80/x@1"),
        ("s3://bucket/store/iris:1", "s3://bucket/store/iris:1"),
    ],
)
def test_a_url_is_shown_without_its_password(url, told):
    assert shown(url) == told
