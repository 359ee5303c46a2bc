"""A bundle pushed to any kind of remote and pulled elsewhere is the same, and only missing files are transferred."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import bento
from bento.bundle import open_bundle, verify
from bento.errors import BundleError, NotFound, RemoteError, StoreError, TagError, UntrustedError
from bento.store import Store, check_trust
from bento.store.remotes.remote import Remote
from bento.store.remotes.transfer import fetch, push_bundle
from bento.tag import Tag

LARGE = b"weights" * 100_000


@pytest.fixture
def other(tmp_path) -> Store:
    """The store of another machine."""
    return Store(tmp_path / "other")


@pytest.fixture
def bundle_of(make_bundle, tmp_path):
    """A bundle's folder, not in a store."""

    def bundle_of(version: str, files: dict[str, bytes], **fields):
        return make_bundle(tmp_path / "made" / version, files, version=version, **fields)

    return bundle_of


def files(version: str) -> dict[str, bytes]:
    return {"artifacts/model/weights": LARGE, "artifacts/model/again": LARGE, "empty": b"", "src/iris.py": version.encode()}


def test_a_pushed_bundle_is_pulled_byte_for_byte(store, other, service, elsewhere):
    saved = store.save(service, version="3")
    url = bento.push("iris:3", elsewhere, store=store)
    assert url == f"{Remote(elsewhere)}/iris:3"
    pulled = bento.pull("iris", elsewhere, store=other)
    assert (pulled.tag, pulled.fingerprint, pulled.path) == (saved.tag, saved.fingerprint, other.root / "bundles/iris/3")
    verify(pulled)
    assert list((other.root / "tmp").iterdir()) == list((other.root / "partial").iterdir()) == []


def test_only_missing_files_are_transferred(other, bundle_of, elsewhere):
    remote = Remote(elsewhere)
    assert push_bundle(bundle_of("1", files("1")), remote) == (3, len(LARGE) + 1)
    assert push_bundle(bundle_of("2", files("2"), created="2026-11-22T10:16:00Z"), remote) == (1, 1)
    assert push_bundle(bundle_of("2", files("2"), created="2026-11-22T10:16:00Z"), remote) == (0, 0)
    read = []
    remote.read = lambda file, start, read_it=remote.read: read.append(file.size) or read_it(file, start)
    for tag in ("iris:1", "iris:2", "iris:2"):
        verify(fetch(remote.offer(Tag.parse(tag)), remote, other).bundle)
    assert sorted(read) == [0, 1, 1, len(LARGE)][-len(read) :]


def test_progress_counts_every_byte_whether_it_is_transferred_or_not(other, bundle_of, elsewhere):
    bundle, steps = bundle_of("1", files("1")), []
    for _ in range(2):
        bento.push(bundle, elsewhere, progress=steps.append)
        assert steps.pop() == bundle.size
        bento.pull("iris:1", elsewhere, store=other, progress=steps.append)
        assert steps.pop() == bundle.size


def test_a_remote_is_listed_newest_first(bundle_of, elsewhere):
    remote = Remote(elsewhere)
    assert remote.summaries() == []
    for number, version in enumerate(("b", "c", "a")):
        bento.push(bundle_of(version, files(version), created=f"2026-11-22T10:1{number}:00Z", labels={"n": str(number)}), elsewhere)
    assert [str(each) for each in remote.summaries()] == ["iris:a", "iris:c", "iris:b"]
    assert [str(each) for each in remote.summaries("iris")] == ["iris:a", "iris:c", "iris:b"]
    assert remote.summaries("rose") == []
    assert remote.summaries()[0].labels == {"n": "2"}


def test_a_push_never_replaces_another_bundle_of_the_same_tag(store, other, bundle_of, elsewhere):
    first = bundle_of("1", files("1"))
    bento.push(first, elsewhere)
    with pytest.raises(StoreError) as caught:
        bento.push(bundle_of("1", files("2"), labels={"mine": "yes"}), elsewhere)
    assert str(caught.value) == f"another bundle iris:1 exists at {Remote(elsewhere)}: save yours under another version"
    assert bento.pull("iris:1", elsewhere, store=other).fingerprint == first.fingerprint


def test_of_two_pushes_of_one_tag_at_once_one_wins(bundle_of, elsewhere):
    remote = Remote(elsewhere)
    bundles = [bundle_of("1", files("1")), make_other(bundle_of)]
    for bundle in bundles:
        for file in bundle.manifest.files:
            remote.send(file, bundle.path / file.path, lambda size: None)
    first, second = ((bundle.path / "bento.json").read_bytes() for bundle in bundles)
    remote.publish(Tag("iris", "1"), first)
    with pytest.raises(StoreError, match="another bundle iris:1 exists at"):
        remote.publish(Tag("iris", "1"), second)
    remote.publish(Tag("iris", "1"), first)


def make_other(bundle_of):
    """Another bundle that is called iris:1."""
    bundle = bundle_of("2", files("2"))
    manifest = bundle.path / "bento.json"
    manifest.write_text(manifest.read_text().replace('"version": "2"', '"version": "1"'))
    return open_bundle(bundle.path)


def test_a_missing_bundle_is_an_error_that_names_the_existing_ones(bundle_of, elsewhere):
    with pytest.raises(NotFound) as caught:
        bento.pull("iris:1", elsewhere)
    assert str(caught.value) == f"no bundle iris:1 in the store at {Remote(elsewhere)}: it is empty"
    bento.push(bundle_of("1.0", files("1")), elsewhere)
    with pytest.raises(NotFound) as caught:
        bento.pull("iris:1.1", elsewhere)
    assert str(caught.value) == (
        f"no bundle iris:1.1 in the store at {Remote(elsewhere)}: iris has the version 1.0 - did you mean iris:1.0?"
    )
    with pytest.raises(NotFound, match=r"it has the name iris - did you mean iris\?"):
        bento.pull("irsi", elsewhere)


def test_a_pulled_bundle_is_not_trusted(store, other, service, elsewhere):
    store.save(service, version="3")
    bento.push("iris:3", elsewhere, store=store)
    with pytest.raises(UntrustedError):
        bento.load(bento.pull("iris", elsewhere, store=other), store=other)
    check_trust(bento.pull("iris", elsewhere, store=other, trust=True), store=other)
    assert bento.load("iris:3", store=other).predict([1]) == "setosa"


def test_a_damaged_bundle_is_not_pushed(bundle_of, elsewhere):
    bundle = bundle_of("1", files("1"))
    (bundle.path / "artifacts/model/weights").write_bytes(b"W" + LARGE[1:])
    with pytest.raises(BundleError, match="'artifacts/model/weights' has changed"):
        bento.push(bundle, elsewhere)
    assert Remote(elsewhere).summaries() == []


def test_a_file_that_changes_after_it_was_verified_is_not_pushed(bundle_of, elsewhere):
    bundle, remote = bundle_of("1", files("1")), Remote(elsewhere)
    file = next(file for file in bundle.manifest.files if file.path.endswith("weights"))
    for content in (b"W" + LARGE[1:], LARGE + b"s", LARGE[:-1]):
        (bundle.path / file.path).write_bytes(content)
        with pytest.raises(RemoteError) as caught:
            remote.send(file, bundle.path / file.path, lambda size: None)
        assert str(caught.value) == f"{bundle.path / file.path} is not what the manifest says of 'artifacts/model/weights'"
        assert remote.lacks(file)


def test_a_manifest_that_changes_during_a_push_is_not_pushed(bundle_of, elsewhere):
    bundle = bundle_of("1", files("1"))
    manifest = bundle.path / "bento.json"
    manifest.write_text(manifest.read_text().replace("2026", "2027"))
    with pytest.raises(BundleError) as caught:
        bento.push(bundle, elsewhere)
    assert str(caught.value) == "bundle iris:1 is damaged: 'bento.json' has changed since it was read"


UNLINKED = """
import sys
from pathlib import Path
import bento
def refuse(event, arguments):
    if event == "os.link":
        raise PermissionError(1, "Operation not permitted")
sys.addaudithook(refuse)
for folder in sys.argv[2:]:
    try:
        print(bento.push(Path(folder), sys.argv[1]))
    except bento.StoreError as error:
        print(error)
"""


def test_a_folder_on_a_file_system_without_links_can_be_a_remote(bundle_of, other, tmp_path):
    url, first, second = f"file://{tmp_path}/remote", bundle_of("1", files("1")), make_other(bundle_of)
    command = [sys.executable, "-c", UNLINKED, url, *(str(bundle.path) for bundle in (first, second, first))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"{url}/iris:1",
        f"another bundle iris:1 exists at {url}: save yours under another version",
        f"{url}/iris:1",
    ]
    assert bento.pull("iris", url, store=other).fingerprint == first.fingerprint
    assert list((tmp_path / "remote/.drafts").iterdir()) == []


@pytest.fixture
def pushed(bundle_of, tmp_path):
    """A bundle on a remote that is a folder, which the test may damage."""
    folder = tmp_path / "remote"
    return bundle_of("1", files("1")), folder, bento.push(bundle_of("1", files("1")), f"file://{folder}").rpartition("/")[0]


def blob(bundle, folder: Path) -> Path:
    digest = next(file.sha256 for file in bundle.manifest.files if file.path.endswith("weights"))
    return folder / "blobs" / digest[:2] / digest


@pytest.mark.parametrize("content", [b"W" + LARGE[1:], LARGE[:-1], LARGE + b"s", b""])
def test_a_file_that_a_remote_has_damaged_is_not_pulled(other, pushed, content):
    bundle, folder, url = pushed
    blob(bundle, folder).write_bytes(content)
    with pytest.raises(RemoteError) as caught:
        bento.pull("iris", url, store=other)
    assert "artifacts/model/" in str(caught.value)
    assert str(caught.value).endswith(f"at {url} is damaged: it has to be pushed again from a store that has it intact")
    assert other.list() == []
    assert list((other.root / "tmp").iterdir()) == []


def test_files_that_a_remote_has_lost_or_truncated_are_pushed_again(other, pushed):
    bundle, folder, url = pushed
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(LARGE[:9])):
        damage(blob(bundle, folder))
        shutil.rmtree(folder / "bundles")
        assert push_bundle(bundle, Remote(url)) == (1, len(LARGE))
        assert blob(bundle, folder).read_bytes() == LARGE


def test_a_push_that_cannot_put_a_file_in_place_leaves_no_draft(pushed):
    bundle, folder, url = pushed
    shutil.rmtree(folder / "bundles")
    blob(bundle, folder).unlink()
    blob(bundle, folder).mkdir()
    with pytest.raises(RemoteError, match="Is a directory"):
        push_bundle(bundle, Remote(url))
    assert list((folder / ".drafts").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "iris:1 at {url} is not a bundle: bento.json is not JSON: "),
        (b"{}", "iris:1 at {url} is not a bundle: bento.json: expected the number of a format, got None - at $.format"),
    ],
)
def test_an_invalid_manifest_on_a_remote_is_refused(other, pushed, content, fault, caplog):
    _, folder, url = pushed
    (folder / "bundles/iris/1/bento.json").write_bytes(content)
    with pytest.raises(BundleError) as caught:
        bento.pull("iris:1", url, store=other)
    assert str(caught.value).startswith(fault.format(url=url))
    assert Remote(url).summaries() == []
    assert caplog.messages[0].startswith(f"left out something that is not a bundle at {url}: iris:1: ")


@pytest.mark.parametrize("path", ["../canary", "/tmp/canary", "artifacts/../../canary", "src\\..\\canary", "bento.json"])
def test_a_manifest_on_a_remote_cannot_name_files_outside_its_bundle(other, pushed, path):
    _, folder, url = pushed
    manifest = folder / "bundles/iris/1/bento.json"
    manifest.write_text(manifest.read_text().replace('"src/iris.py"', json.dumps(path)))
    with pytest.raises(BundleError, match=r"^iris:1 at .* is not a bundle: bento\.json: expected "):
        bento.pull("iris:1", url, store=other)
    assert not other.root.exists()


def test_a_manifest_under_a_tag_that_it_does_not_have_is_refused(other, pushed):
    _, folder, url = pushed
    shutil.copytree(folder / "bundles/iris/1", folder / "bundles/rose/2")
    with pytest.raises(BundleError) as caught:
        bento.pull("rose:2", url, store=other)
    assert str(caught.value) == f"rose:2 at {url} is not a bundle: bento.json is of another bundle, iris:1"


def test_names_on_a_remote_that_are_not_tags_are_ignored(pushed, caplog):
    _, folder, url = pushed
    shutil.copytree(folder / "bundles/iris/1", folder / "bundles/..rose/2")
    assert [str(each) for each in Remote(url).summaries()] == ["iris:1"]
    assert caplog.messages[0].startswith(f"left out something that is not a bundle at {url}: '..rose' is not a bundle name")


def test_pulling_another_bundle_of_a_tag_in_the_store_is_refused_before_any_transfer(other, pushed, bundle_of, make_bundle):
    _, folder, url = pushed
    make_bundle(other.root / "bundles/iris/1", version="1")
    shutil.rmtree(folder / "blobs")
    with pytest.raises(StoreError) as caught:
        bento.pull("iris:1", url, store=other)
    assert str(caught.value) == f"another bundle iris:1 exists in the store at {other.root}: delete that one first"


def test_an_interrupted_pull_resumes_where_it_was(other, pushed):
    bundle, folder, url = pushed
    file = next(file for file in bundle.manifest.files if file.path.endswith("again"))
    (other.root / "partial").mkdir(parents=True)
    (other.root / "partial" / file.sha256).write_bytes(LARGE[:-5])
    # Files that are here already are not fetched again, so it does not matter that the remote has lost them.
    blob(bundle, folder).write_bytes(b"?" * (len(LARGE) - 5) + LARGE[-5:])
    verify(bento.pull("iris", url, store=other))


def test_unfinished_transfers_older_than_a_week_are_removed(other, pushed, bundle_of):
    _, folder, url = pushed
    (folder / ".drafts").mkdir(exist_ok=True)
    (other.root / "partial").mkdir(parents=True)
    for place in (folder / ".drafts", other.root / "partial"):
        for name, age in (("old", 8), ("new", 6)):
            (place / name).touch()
            os.utime(place / name, (time.time() - age * 86400,) * 2)
    bento.push(bundle_of("2", files("2")), url)
    bento.pull("iris:2", url, store=other)
    assert [path.name for place in (folder / ".drafts", other.root / "partial") for path in place.iterdir()] == ["new", "new"]


def test_unfinished_transfers_older_than_a_week_are_removed_on_a_server_too(monkeypatch, sftp, tmp_path, bundle_of):
    from fsspec.core import url_to_fs

    monkeypatch.setenv("HOME", sftp.environment["HOME"])
    url = f"{sftp.url}/{tmp_path.name}/remote"
    bento.push(bundle_of("1", files("1")), url)
    fs, root = url_to_fs(url, skip_instance_cache=True)
    for name, age in (("old", 8), ("new", 6)):
        fs.touch(f"{root}/.drafts/{name}")
        fs.ftp.utime(f"{root}/.drafts/{name}", (time.time() - age * 86400,) * 2)
    bento.push(bundle_of("2", files("2")), url)
    assert [Path(path).name for path in fs.ls(f"{root}/.drafts", detail=False)] == ["new"]


def test_a_file_in_the_store_is_linked_and_one_damaged_there_is_fetched(other, pushed, bundle_of):
    bundle, _, url = pushed
    bento.push(bundle_of("2", files("2")), url)
    first = bento.pull("iris:1", url, store=other)
    weights = first.path / "artifacts/model/weights"
    second = bento.pull("iris:2", url, store=other)
    assert (second.path / "artifacts/model/weights").samefile(weights)
    assert weights.stat().st_mode & 0o777 == 0o444
    other.delete("iris:2")
    weights.chmod(0o644)
    with weights.open("r+b") as file:
        file.write(b"W")
    verify(bento.pull("iris:2", url, store=other))
    assert bundle.size == first.size


@pytest.mark.parametrize("content", [b"canary", LARGE + b"s", b"W" + LARGE[1:]])
def test_a_partial_download_with_wrong_content_is_fetched_anew(other, pushed, content):
    bundle, _, url = pushed
    (other.root / "partial").mkdir(parents=True)
    (other.root / "partial" / blob(bundle, Path()).name).write_bytes(content)
    steps = []
    verify(bento.pull("iris", url, store=other, progress=steps.append))
    assert steps[-1] == bundle.size


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ("/srv/models", "got '/srv/models': did you mean file:///srv/models"),
        ("models", "got 'models'"),
        ("ftp://user:secret@host/models", "got 'ftp://user:***@host/models'"),
        ("s3://", "got 's3://'"),
        ("gcs://bucket/models", "got 'gcs://bucket/models': did you mean gs://bucket/models"),
        ("S3://bucket/models", "got 'S3://bucket/models': did you mean s3://bucket/models"),
        ("ssh://user:secret@host/models", "got 'ssh://user:***@host/models': did you mean sftp://user:***@host/models"),
        ("docker://host/models", "got 'docker://host/models': did you mean oci://host/models"),
        (
            "https://host/iris.bento",
            "got 'https://host/iris.bento': a web server is not a remote, but what takes a tag also takes the URL of an archive there",
        ),
    ],
)
def test_an_invalid_remote_is_refused_with_what_one_looks_like(remote, message):
    with pytest.raises(RemoteError) as caught:
        Remote(remote)
    assert str(caught.value) == f"expected a remote such as s3://bucket/store or file:///srv/models, {message}"


def test_a_file_url_with_another_host_is_refused():
    with pytest.raises(RemoteError) as caught:
        Remote("file://models/store")
    assert str(caught.value) == (
        "expected the absolute path of a folder after file://, as in file:///srv/models, got 'file://models/store'"
    )


def test_an_invalid_tag_is_refused(elsewhere):
    with pytest.raises(TagError):
        bento.pull("../iris", elsewhere)


def test_a_missing_server_is_an_error_without_a_traceback(monkeypatch, moto):
    for name, value in {**moto.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RemoteError, match=r"^cannot list the bundles at s3://models/store: "):
        Remote("s3://models/store").summaries()


def test_a_missing_bucket_is_an_error_without_a_traceback(bundle_of, elsewhere):
    if not elsewhere.startswith(("s3:", "gs:", "az:")):
        pytest.skip("folders and repositories are made when they are needed")
    nowhere = elsewhere.replace("models", "nowhere", 1)
    kind = "container" if nowhere.startswith("az:") else "bucket"
    for ask in (lambda: Remote(nowhere).summaries(), lambda: bento.push(bundle_of("1", files("1")), nowhere)):
        with pytest.raises(RemoteError, match=rf"^cannot (list the bundles|send '.*') at {nowhere}: there is no {kind} 'nowhere'$"):
            ask()


def test_a_file_in_place_of_a_remote_is_an_error_without_a_traceback(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RemoteError) as caught:
        Remote(f"file://{tmp_path}/file").summaries()
    assert str(caught.value) == f"cannot list the bundles at file://{tmp_path}/file: Not a directory: '{tmp_path}/file'"


def test_a_server_whose_key_is_unknown_gets_no_password(monkeypatch, sftp, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RemoteError) as caught:
        Remote(f"{sftp.url}/store")
    port = urlsplit(sftp.url).port
    assert str(caught.value) == (
        f"the key of [127.0.0.1]:{port} is not in ~/.ssh/known_hosts: connect with ssh once, or add what ssh-keyscan prints for it"
    )


def test_a_password_is_never_shown(monkeypatch, sftp):
    monkeypatch.setenv("HOME", sftp.environment["HOME"])
    with pytest.raises(RemoteError) as caught:
        Remote(sftp.url.replace("secret", "wrong") + "/store")
    assert str(caught.value).startswith("cannot reach it at sftp://user:***@127.0.0.1:")
    assert "wrong" not in str(caught.value)


def test_a_folder_that_is_a_remote_holds_each_content_once(pushed):
    _, folder, url = pushed
    assert sorted(path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()) == ["blobs"] * 3 + ["bundles"]
    assert unquote(urlsplit(url).path) == str(folder)
