"""A server that does not answer is an error soon, with the way out; one that fails for a moment is asked again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest

import bento
from bento.errors import RemoteError
from bento.store import Store, find, pack
from bento.store.remotes.remote import Remote
from flaky_server import flaky
from storage import AZURE_KEY, S3_KEYS

from .conftest import end_threads

KINDS = ["s3", "gs", "az", "sftp", "oci"]
UP = ": see whether the server is up, and whether "
WHERE = {
    "s3": "AWS_ENDPOINT_URL, if it is set, is its address",
    "gs": "STORAGE_EMULATOR_HOST, if it is set, is its address",
    "az": "AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING names it",
}
MODULES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}


def remote(kind: str, host: str, patch: pytest.MonkeyPatch) -> str:
    """The URL of a kind of remote at this server; the address is set for all kinds."""
    account = f"AccountName=devstoreaccount1;AccountKey={AZURE_KEY};BlobEndpoint=http://{host}/devstoreaccount1"
    environment = {
        **S3_KEYS,
        "AWS_ENDPOINT_URL": f"http://{host}",
        "STORAGE_EMULATOR_HOST": f"http://{host}",
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;{account};",
    }
    for name, value in environment.items():
        patch.setenv(name, value)
    return f"{kind}://{f'user:secret@{host}' if kind == 'sftp' else host if kind == 'oci' else ''}{'/' * (kind in ('sftp', 'oci'))}models"


@pytest.fixture
def remote_at(monkeypatch):
    """Like `remote`, while the test runs."""

    def remote_at(kind: str, host: str) -> str:
        pytest.importorskip(MODULES.get(kind, "bento"))
        return remote(kind, host, monkeypatch)

    yield remote_at
    end_threads()


Server = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="module")
def refusal():
    """The error for a kind of remote at a silent server; all kinds are asked at once, because their clients wait between tries."""

    @cache
    def refusals(server: Server, timeout: str | None) -> dict[str, Future[str]]:
        with server() as host, pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(KINDS)) as threads:
            if timeout:
                patch.setenv("BENTO_REMOTE_TIMEOUT", timeout)
            urls = {kind: remote(kind, host, patch) for kind in KINDS if find_spec(MODULES.get(kind, "bento"))}
            return {kind: threads.submit(told, url) for kind, url in urls.items()}

    def told(url: str) -> str:
        with pytest.raises(RemoteError) as caught:
            Remote(url).summaries()
        return str(caught.value)

    def refusal(kind: str, server: Server, timeout: str | None = None) -> str:
        pytest.importorskip(MODULES.get(kind, "bento"))
        return refusals(server, timeout)[kind].result()

    yield refusal
    end_threads()


@contextmanager
def closed() -> Iterator[str]:
    """A port that is taken, but on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def deaf() -> Iterator[str]:
    """A server that accepts no connections: its backlog is full, and the system drops the packets of others."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_server_is_an_error_that_says_where_its_address_is_set(refusal, kind):
    assert refusal(kind, closed).endswith(UP + WHERE.get(kind, "the URL is its address"))


@pytest.mark.parametrize("kind", ["s3", "sftp", "oci"])
def test_an_unknown_host_is_an_error(remote_at, kind):
    with pytest.raises(RemoteError, match=UP):
        Remote(remote_at(kind, "models.invalid:80")).summaries()


@pytest.mark.parametrize("kind", KINDS)
def test_a_silent_server_is_given_up(refusal, kind):
    said = refusal(kind, silent, timeout="0.3")
    assert said.endswith(": it is silent for longer than BENTO_REMOTE_TIMEOUT allows, 0.3 seconds")


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_that_drops_packets_is_given_up(refusal, kind):
    assert refusal(kind, deaf, timeout="0.3").endswith(UP + WHERE.get(kind, "the URL is its address"))


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        ("s3", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE,"),
        ("az", "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY,"),
    ],
)
def test_missing_credentials_are_an_error_that_names_the_variables_to_set(remote_at, monkeypatch, tmp_path, kind, who):
    url = remote_at(kind, "127.0.0.1:9")
    for name in (*S3_KEYS, "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RemoteError) as caught:
        Remote(url).summaries()
    assert str(caught.value).endswith(f": {who} may say who you are")


def test_a_silent_web_server_is_given_up(store, monkeypatch):
    monkeypatch.setenv("BENTO_REMOTE_TIMEOUT", "0.3")
    with silent() as host, pytest.raises(RemoteError) as caught:
        find(f"http://{host}/iris.bento", store=store)
    said = "timed out: it is silent for longer than BENTO_REMOTE_TIMEOUT allows, 0.3 seconds"
    assert str(caught.value) == f"cannot download http://{host}/iris.bento: {said}"


@contextmanager
def busy(faults: int, status: int, retry_after: str = "") -> Iterator[tuple[str, list[str]]]:
    """A web server of the current folder that is too busy for the first few requests, and the paths of those."""
    sent_away = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            if len(sent_away) == faults:
                super().do_GET()
                return
            sent_away.append(self.path)
            self.send_response(status)
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_): ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", sent_away
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [503, 429])
def test_a_web_server_that_answers_retry_after_is_asked_again(store, service, tmp_path, monkeypatch, caplog, status):
    monkeypatch.chdir(tmp_path)
    store.save(service, version="1")
    pack("iris:1", "archive", tmp_path / "iris.bento", store=store)
    with busy(2, status, "0") as (url, sent_away):
        assert str(find(f"{url}/iris.bento", store=store).tag) == "iris:1"
    assert sent_away == ["/iris.bento"] * 2
    assert caplog.messages == [f"{url.removeprefix('http://')} answered {status}: asking it again in 0 s"] * 2


@pytest.mark.parametrize(
    ("status", "retry_after", "asked"),
    [(503, "0", 3), (503, "31", 1), (503, "Fri, 31 Dec 1999 23:59:59 GMT", 1), (503, "-1", 1), (500, "", 3), (404, "", 1), (501, "", 1)],
)
def test_retries_of_a_web_server_are_bounded_in_number_and_time(store, monkeypatch, status, retry_after, asked):
    monkeypatch.setenv("BENTO_REMOTE_TIMEOUT", "30")
    with busy(9, status, retry_after) as (url, sent_away), pytest.raises(RemoteError, match=f": {status} "):
        find(f"{url}/iris.bento", store=store)
    assert len(sent_away) == asked


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_registry_that_fails_for_a_moment_is_asked_again(remote_at, caplog, status):
    with busy(2, status) as (url, sent_away):
        assert Remote(remote_at("oci", url.removeprefix("http://"))).summaries() == []
    assert len(sent_away) == 2
    assert caplog.messages == [f"{url.removeprefix('http://')} answered {status}: asking it again in 0.5 s"] * 2


def test_a_registry_that_answers_retry_after_is_asked_again(remote_at):
    with busy(2, 503, "0") as (url, sent_away):
        assert Remote(remote_at("oci", url.removeprefix("http://"))).summaries() == []
    assert len(sent_away) == 2


@pytest.mark.parametrize("text", ["soon", "0", "-1", "inf", "nan", "1e300", "6_0"])
def test_an_invalid_timeout_is_refused(remote_at, monkeypatch, text):
    monkeypatch.setenv("BENTO_REMOTE_TIMEOUT", text)
    with pytest.raises(RemoteError) as caught:
        Remote(remote_at("oci", "127.0.0.1:9")).summaries()
    assert str(caught.value) == f"BENTO_REMOTE_TIMEOUT={text!r} is not a time: expected seconds, such as 60"


SERVERS = {
    "moto": ("s3", "AWS_ENDPOINT_URL"),
    "fake_gcs": ("gs", "STORAGE_EMULATOR_HOST"),
    "azurite": ("az", "AZURE_STORAGE_CONNECTION_STRING"),
}


@pytest.fixture(params=SERVERS)
def behind(request, remote_at):
    """The URL of a server, and a function that turns the URL of a proxy in front of it into that of a remote."""
    kind, variable = SERVERS[request.param]
    environment = request.getfixturevalue(request.param).environment
    url = (
        environment[variable] if kind != "az" else "http://" + environment[variable].partition("BlobEndpoint=http://")[2].partition("/")[0]
    )
    return url, lambda proxy: remote_at(kind, proxy.url.removeprefix("http://"))


def test_a_server_that_is_busy_or_hangs_up_is_asked_again(behind):
    url, remote_behind = behind
    with flaky(url, faults=2) as proxy:
        Remote(remote_behind(proxy)).summaries()
        assert proxy.failed == 2


# gcsfs and adlfs leave a broken connection to the garbage collector, about which aiohttp warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_download_that_breaks_off_is_resumed(behind, make_bundle, tmp_path):
    url, remote_behind = behind
    with flaky(url) as proxy:
        remote = f"{remote_behind(proxy)}/{tmp_path.name}"
        bento.push(make_bundle(tmp_path / "made", {"artifacts/model/weights": b"weights" * 200_000}, version="1"), remote)
        proxy.cut = 400_000
        bento.pull("iris:1", remote, store=Store(tmp_path / "other"))
        assert proxy.failed == 1
