"""Hostile remotes and web sites: nothing that they send is kept, no other server is asked, and the error names the fault."""

from __future__ import annotations

import hashlib
import json
import os
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import bento
from bento.errors import BentoError, BundleError, NotFound, RemoteError, StoreError
from bento.plain import CONTROL
from bento.store import Store
from bento.store.remotes.remote import Remote
from bento.store.remotes.web import check_onward
from hostile_server import Hostile, answer, hostile_server

TAGS, ARTIFACT = "/v2/models/tags/list", "/v2/models/manifests/iris..3"
CONFIG = "application/vnd.bento.manifest.v1+json"


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path, make_bundle) -> Path:
    """The folder of a remote that holds `iris:3`."""
    bento.push(make_bundle(tmp_path / "bundle", {"artifacts/model/weights": b"weights"}), f"file://{tmp_path}/remote")
    return tmp_path / "remote"


def pull(folder: Path, store: Store) -> str:
    """Pull `iris:3`, of which nothing may be kept, and return the error message."""
    with pytest.raises(BentoError) as caught:
        bento.pull("iris:3", f"file://{folder}", store=store)
    assert kept(store) == []
    return str(caught.value)


def kept(store: Store) -> list[str]:
    """The files of a store, except its lock, its partial downloads and its notes of URLs."""
    found = [path for path in store.root.rglob("*") if path.is_file() or path.is_symlink()]
    return [path.name for path in found if path.name not in (".lock", "url") and path.parent.name != "partial"]


def blob(folder: Path) -> Path:
    digest = hashlib.sha256(b"weights").hexdigest()
    return folder / "blobs" / digest[:2] / digest


def change(folder: Path, **fields: Any) -> None:
    file = folder / "bundles/iris/3/bento.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def listing(size: int) -> list[dict[str, Any]]:
    return [{"path": "artifacts/model/weights", "size": size, "sha256": hashlib.sha256(b"weights").hexdigest()}]


@pytest.mark.parametrize("name", ["bento.json", "blob"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_file_of_a_remote_that_is_not_a_plain_file_is_not_waited_for(folder, store, name, kind):
    path = blob(folder) if name == "blob" else folder / "bundles/iris/3" / name
    path.unlink()
    {"pipe": os.mkfifo, "device": lambda link: link.symlink_to("/dev/zero"), "folder": Path.mkdir}[kind](path)
    task = "read 'artifacts/model/weights'" if name == "blob" else "find iris:3"
    assert pull(folder, store) == f"cannot {task} at file://{folder}: Not a plain file: {str(path)!r}"


def test_a_content_that_does_not_match_its_digest_is_refused(folder, store):
    for content in (b"WEIGHTS", b"weights" * 1000, b"", b"weight"):
        blob(folder).chmod(0o644)
        blob(folder).write_bytes(content)
        fault = f"the content of 'artifacts/model/weights' at file://{folder} is damaged"
        assert pull(folder, store).startswith(fault)


def test_a_missing_content_is_named(folder, store):
    blob(folder).unlink()
    assert pull(folder, store).startswith(f"cannot read 'artifacts/model/weights' at file://{folder}: ")


def test_a_bundle_that_is_larger_than_the_disk_is_refused_before_the_disk_is_full(folder, store):
    change(folder, files=listing(1 << 50))
    os.truncate(blob(folder), 1 << 40)
    with pytest.raises(
        StoreError, match=r"1125899906842624 bytes are needed, and \d+ are free, of which \d+ are kept free - free some space"
    ):
        bento.pull("iris:3", f"file://{folder}", store=store)
    assert list(store.root.glob("partial/*")) == []


def test_a_manifest_of_another_bundle_is_refused(folder, store):
    change(folder, version="4")
    assert pull(folder, store) == f"iris:3 at file://{folder} is not a bundle: bento.json is of another bundle, iris:4"


@pytest.mark.parametrize("path", ["../../canary", "/tmp/canary", "src/../../canary"])
def test_a_path_that_leads_outside_is_refused(folder, store, path):
    change(folder, files=[{**listing(7)[0], "path": path}])
    assert f"expected a relative path like 'src/iris.py', got {path!r} - at $.files[0].path" in pull(folder, store)


def test_too_many_or_invalid_signatures_of_a_remote_are_refused(folder, store):
    place = folder / "bundles/iris/3"
    (place / f"bento.{0:032x}.sig").write_bytes(b"x" * 5000)
    assert pull(folder, store) == f"'bento.{0:032x}.sig' is not a signature: expected a file as `bento sign` writes it"
    for number in range(65):
        (place / f"bento.{number:032x}.sig").write_bytes(b"x")
    assert pull(folder, store) == "there are 65 signatures: expected at most 64"


def test_names_that_no_bundle_can_have_are_left_out_of_a_list(folder, caplog):
    for name in (b"i\x1b[31m/3", b"iris/4\n", b"i\xff/3", b"iris/latest/more", b"%2e%2e/3"):
        place = folder / "bundles" / os.fsdecode(name)
        place.mkdir(parents=True)
        (place / "bento.json").write_bytes(b"{}")
    assert [str(each) for each in Remote(f"file://{folder}").summaries()] == ["iris:3"]
    assert not CONTROL.search(caplog.text.replace("\n", ""))


def registry(hostile: Hostile) -> str:
    return f"oci://{hostile.address}/models"


def artifact(content: bytes, digest: str = "", media_type: str = CONFIG) -> bytes:
    return json.dumps({"config": {"mediaType": media_type, "digest": digest or f"sha256:{hashlib.sha256(content).hexdigest()}"}}).encode()


def fault(hostile: Hostile, store: Store) -> str:
    with pytest.raises(BentoError) as caught:
        bento.pull("iris:3", registry(hostile), store=store)
    assert kept(store) == []
    assert not CONTROL.search(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("length", [None, "many"])
def test_a_registry_that_does_not_say_how_large_its_manifest_is_still_has_it(hostile, tmp_path, make_bundle, length):
    def present(handler: Any) -> None:
        handler.close_connection = True
        handler.send_response(200)
        if length is not None:
            handler.send_header("Content-Length", length)
        handler.end_headers()

    hostile.otherwise = present
    with pytest.raises(StoreError, match="another bundle iris:3 exists at "):
        bento.push(make_bundle(tmp_path / "bundle", {}), registry(hostile))


def test_an_endless_list_of_tags_is_given_up(hostile):
    hostile.answers[TAGS] = partial(answer, status=200, body=b'{"tags": ["a..1"]}', headers={"Link": f'<{TAGS}?last=a>; rel="next"'})
    with pytest.raises(RemoteError) as caught:
        Remote(registry(hostile)).summaries()
    assert str(caught.value) == f"{hostile.address} lists more than 1000 pages of tags: expected at most that many"


@pytest.mark.parametrize("elsewhere", ["file:///etc/passwd", "http://127.0.0.1:1/v2", "//example.org/v2", "ftp://example.org/", "data:,{}"])
def test_a_list_of_tags_that_goes_on_elsewhere_is_refused(hostile, elsewhere):
    hostile.answers[TAGS] = partial(answer, status=200, body=b'{"tags": []}', headers={"Link": f'<{elsewhere}>; rel="next"'})
    with pytest.raises(RemoteError, match=r"says that its list of tags goes on at '.*': expected an address of its own"):
        Remote(registry(hostile)).summaries()


def endless(handler: Any, begin: bytes, piece: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 40))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(begin)
        while True:
            handler.wfile.write(piece)


def test_an_endless_answer_is_given_up(hostile):
    hostile.answers[TAGS] = partial(endless, begin=b'{"tags": [', piece=b'"a..1",' * 10_000)
    tracemalloc.start()
    try:
        with pytest.raises(RemoteError, match=r"expected at most 4194304 bytes from http://.*, got more"):
            Remote(registry(hostile)).summaries()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_an_endless_manifest_is_given_up(hostile, store):
    hostile.answers[ARTIFACT] = artifact(b"{}")
    hostile.answers[f"/v2/models/blobs/sha256:{hashlib.sha256(b'{}').hexdigest()}"] = partial(endless, begin=b"", piece=b" " * (1 << 20))
    assert "is not a bundle: bento.json: expected at most 67108864 bytes, got more" in fault(hostile, store)


@pytest.mark.parametrize("body", [b"", b"[1]", b"[" * 100_000, b'{"tags": 7}', b"\xff", b'{"tags": {"a..1": 1}}', b"null"])
def test_an_answer_that_is_not_a_list_of_tags_is_a_remote_error_or_an_empty_list(hostile, body):
    hostile.answers[TAGS] = body
    try:
        assert Remote(registry(hostile)).summaries() == []
    except RemoteError as error:
        assert len(str(error)) < 300  # noqa: PT017 - an empty list is as good


def test_tags_of_a_registry_that_are_not_of_bundles_are_ignored(hostile):
    hostile.answers[TAGS] = b'{"tags": [1, null, {}, "latest", "..", "a..b..c..d", "../..", "a..\\u001b[31m", "%2e%2e..1", "iris.."]}'
    assert Remote(registry(hostile)).summaries() == []


@pytest.mark.parametrize(
    "digest", ["../../../secret", "sha512:" + "0" * 128, "md5:0", "sha256:" + "0" * 63, "http://127.0.0.1:1/x", "\x00"]
)
def test_a_digest_that_is_not_a_sha256_is_not_asked_for(hostile, store, digest):
    hostile.answers[ARTIFACT] = artifact(b"", digest)
    assert "no bundle iris:3" in fault(hostile, store)
    assert {path.partition("?")[0] for _, path in hostile.asked} == {ARTIFACT, TAGS}


def test_a_manifest_that_does_not_match_its_digest_is_refused(hostile, store, make_bundle, tmp_path):
    content = (make_bundle(tmp_path / "bundle").path / "bento.json").read_bytes()
    hostile.answers[ARTIFACT] = artifact(b"another")
    digest = f"sha256:{hashlib.sha256(b'another').hexdigest()}"
    hostile.answers[f"/v2/models/blobs/{digest}"] = content
    assert fault(hostile, store) == f"what the registry has as {digest} has another digest"


def test_escape_sequences_in_a_registrys_refusal_are_shown_as_text(hostile, store):
    hostile.otherwise = partial(answer, status=418, body=b"\x1b[2Jred\x9b", reason="\x1b]0;canary\x07")
    assert fault(hostile, store) == f"{hostile.address} refused: 418 \\x1b]0;canary\\x07: \\x1b[2Jred\ufffd"


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ({"status": 418, "body": b"a\tb\r\nError: canary", "reason": "\tteapot"}, "418 teapot: a b Error: canary"),
        ({"status": 301, "body": b"\t", "reason": "moved"}, "301 moved"),
    ],
)
def test_a_registrys_refusal_is_shown_in_one_line(hostile, store, refusal, said):
    hostile.otherwise = partial(answer, **refusal)
    assert fault(hostile, store) == f"{hostile.address} refused: {said}"


def test_the_error_about_a_circle_of_redirections_is_one_line(hostile, store):
    hostile.otherwise = partial(answer, status=301, body=b"", headers={"Location": ARTIFACT})
    assert fault(hostile, store).startswith(f"{hostile.address} refused: 301 The HTTP server returned a redirect error")
    assert archive_fault(hostile, store).startswith(
        f"cannot download http://{hostile.address}/iris.bento: 301 The HTTP server returned a redi"
    )


def test_escape_sequences_in_a_token_servers_refusal_are_shown_as_text(hostile, store):
    hostile.answers["/token"] = partial(answer, status=500, body=b"", reason="\x1b[31m\tno")
    hostile.otherwise = partial(
        answer, status=401, body=b"", headers={"WWW-Authenticate": f'Bearer realm="http://{hostile.address}/token"'}
    )
    said = fault(hostile, store)
    assert said == f"http://{hostile.address}/token gave no token: 500 \\x1b[31m no: docker login {hostile.address}"


@pytest.mark.parametrize("line", [b"\x00\xff\x1b[31m garbage\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n", b""])
def test_an_answer_that_is_not_http_is_a_remote_error(hostile, store, line):
    def garbled(handler: Any) -> None:
        handler.wfile.write(line)
        handler.close_connection = True

    hostile.otherwise = garbled
    assert fault(hostile, store).startswith(f"cannot find iris:3 at {registry(hostile)}: ")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://example.org/x", "gopher://127.0.0.1/"])
@pytest.mark.parametrize("url", ["oci://{}/models/iris:3", "http://{}/iris.bento"])
def test_a_redirection_to_an_unprotected_server_is_refused(hostile, store, url, location):
    hostile.otherwise = partial(answer, status=302, body=b"", headers={"Location": location})
    with pytest.raises(RemoteError, match=r"use https://|is not allowed"):
        bento.store.find(url.format(hostile.address), store=store)
    assert kept(store) == []


def test_an_upload_to_an_unprotected_place_is_refused(hostile, make_bundle, tmp_path):
    def place(handler: Any) -> None:
        if handler.command == "POST":
            answer(handler, 202, b"", {"Location": "file:///tmp/canary"})
        else:
            answer(handler, 404, b"")

    hostile.otherwise = place
    with pytest.raises(RemoteError, match="anybody on the network could change what comes from file:///tmp/canary: use https://"):
        bento.push(make_bundle(tmp_path / "bundle"), registry(hostile))


@pytest.mark.parametrize("here", ["http://127.0.0.1:8080/admin", "http://localhost/", "https://127.0.0.1/", "http://[::1]/"])
def test_a_redirection_from_elsewhere_to_this_machine_is_refused(here):
    with pytest.raises(RemoteError, match="which is this machine: a server elsewhere must not decide that"):
        check_onward("https://example.org/iris.bento", here)
    check_onward("http://127.0.0.1:3000/iris.bento", here)


def test_a_token_is_not_asked_for_at_an_unprotected_server(hostile, store):
    hostile.otherwise = partial(answer, status=401, body=b"", headers={"WWW-Authenticate": 'Bearer realm="http://example.org/token"'})
    assert "wants a token from 'http://example.org/token': expected an address that begins with https://" in fault(hostile, store)


def archive_fault(hostile: Hostile, store: Store) -> str:
    with pytest.raises(BentoError) as caught:
        bento.store.find(f"http://{hostile.address}/iris.bento", store=store)
    assert kept(store) == []
    assert not CONTROL.search(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize("length", ["", "-1", "canary", "1e3", "99999999999999999999"])
def test_a_download_with_an_invalid_length_is_refused(hostile, store, length):
    def short(handler: Any) -> None:
        answer(handler, 200, b"PK" * 100, {"Content-Length": length})
        handler.close_connection = True

    hostile.otherwise = short
    archive_fault(hostile, store)


def test_a_download_that_is_not_an_archive_is_refused(hostile, store):
    hostile.otherwise = b"<!DOCTYPE html>"
    assert "it is not a whole archive" in archive_fault(hostile, store)


def test_escape_sequences_in_the_status_of_a_download_are_shown_as_text(hostile, store):
    hostile.otherwise = partial(answer, status=500, body=b"", reason="\x1b[31m")
    assert archive_fault(hostile, store) == f"cannot download http://{hostile.address}/iris.bento: 500 \\x1b[31m"


def test_a_remote_error_a_missing_bundle_and_a_damaged_bundle_are_errors_of_different_kinds(folder, store):
    blob(folder).write_bytes(b"canary!")
    for tag, kind in (("iris:3", RemoteError), ("rose:1", NotFound)):
        with pytest.raises(kind):
            bento.pull(tag, f"file://{folder}", store=store)
    (folder / "bundles/iris/3/bento.json").write_text("{}")
    with pytest.raises(BundleError):
        bento.pull("iris:3", f"file://{folder}", store=store)
