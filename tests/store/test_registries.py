"""Bundles in registries are artifacts that other tools understand, also behind a login."""

from __future__ import annotations

import base64
import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

import bento
from bento.bundle import verify
from bento.errors import NotFound, RemoteError, StoreError
from bento.store import Store
from bento.store.remotes.registry import Registry
from bento.store.remotes.remote import Remote
from image_schemas import check_document


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", labels={"a": "b"})


@pytest.fixture(params=["small_registry", "docker_registry"])
def registry(request, tmp_path) -> str:
    return f"{request.getfixturevalue(request.param).url}/{tmp_path.name}/models"


def get(registry: str, path: str):
    address = registry.removeprefix("oci://").replace("/", "/v2/", 1)
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    with urllib.request.urlopen(urllib.request.Request(f"http://{address}/{path}", headers=accept)) as answer:
        return answer.read()


def test_an_artifact_names_its_files_as_other_tools_expect(bundle, registry):
    bento.push(bundle, registry)
    document = json.loads(get(registry, "manifests/iris..3"))
    assert document["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert document["artifactType"] == "application/vnd.bento.bundle.v1"
    assert get(registry, f"blobs/{document['config']['digest']}") == (bundle.path / "bento.json").read_bytes()
    titles = {layer["annotations"]["org.opencontainers.image.title"]: layer["digest"] for layer in document["layers"]}
    assert titles == {file.path: f"sha256:{file.sha256}" for file in bundle.manifest.files}
    for path, digest in titles.items():
        assert get(registry, f"blobs/{digest}") == (bundle.path / path).read_bytes()


def test_an_artifact_in_a_registry_is_valid_by_the_specification(bundle, registry):
    bento.push(bundle, registry)
    check_document("image-manifest", get(registry, "manifests/iris..3"))


def at_once(bundles, registry, monkeypatch, *, look_again_after_both: bool) -> list[bool]:
    """Push bundles of one tag so that each finds the tag free before any is put, and return which pushes succeeded."""
    together, put = threading.Barrier(len(bundles)), Registry.put

    def wait_and_put(self, *arguments):
        together.wait()
        try:
            put(self, *arguments)
        finally:
            if look_again_after_both:
                together.wait()

    def push(bundle) -> bool:
        try:
            bento.push(bundle, registry)
        except StoreError as error:
            return str(error) != f"another bundle iris:3 exists at {registry}: save yours under another version"
        return True

    monkeypatch.setattr(Registry, "put", wait_and_put)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(push, bundles))


@pytest.fixture
def rivals(make_bundle, tmp_path):
    return [make_bundle(tmp_path / name, {"src/iris.py": name.encode()}) for name in ("one", "two", "three")]


def test_of_pushes_of_one_tag_at_once_the_last_wins_and_the_others_fail(rivals, registry, monkeypatch, tmp_path):
    told = at_once(rivals, registry, monkeypatch, look_again_after_both=True)
    pulled = bento.pull("iris:3", registry, store=Store(tmp_path / "store"))
    verify(pulled)
    assert told == [bundle.fingerprint == pulled.fingerprint for bundle in rivals]


def test_if_tags_are_immutable_the_first_push_wins_whichever_checks_first(rivals, start_registry, monkeypatch, tmp_path):
    registry = f"{start_registry('immutable')}/models"
    told = at_once(rivals, registry, monkeypatch, look_again_after_both=False)
    pulled = bento.pull("iris:3", registry, store=Store(tmp_path / "store"))
    assert told == [bundle.fingerprint == pulled.fingerprint for bundle in rivals]


def test_many_tags_are_listed_in_pages(make_bundle, registry, tmp_path):
    for number in range(5):
        bento.push(make_bundle(tmp_path / str(number), version=str(number), created=f"2026-11-22T10:15:0{number}Z"), registry)
    assert [str(each) for each in Remote(registry).summaries()] == [f"iris:{number}" for number in (4, 3, 2, 1, 0)]
    assert Remote(registry).summaries("ir") == []


def test_images_in_a_repository_that_are_not_bundles_are_ignored(bundle, registry):
    bento.push(bundle, registry)
    config = json.loads(get(registry, "manifests/iris..3"))["config"]
    image = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
    image["config"] = {**config, "mediaType": "application/vnd.oci.image.config.v1+json"}
    for tag in ("rose..1", "latest", "a..b..c"):
        address = registry.removeprefix("oci://").replace("/", "/v2/", 1)
        headers = {"Content-Type": image["mediaType"]}
        request = urllib.request.Request(f"http://{address}/manifests/{tag}", json.dumps(image).encode(), headers, method="PUT")
        urllib.request.urlopen(request).close()
    assert [str(each) for each in Remote(registry).summaries()] == ["iris:3"]
    with pytest.raises(NotFound, match="no bundle rose:1 in the store at"):
        bento.pull("rose:1", registry)


@pytest.fixture(params=["small_registry", "docker_registry", "whole"])
def resumed(request, tmp_path, start_registry) -> str:
    """A repository of a registry; the last one always sends whole blobs."""
    if request.param != "whole":
        return f"{request.getfixturevalue(request.param).url}/{tmp_path.name}/resumed"
    return f"{start_registry('whole')}/resumed"


def test_a_pull_resumes_where_it_was_interrupted(make_bundle, resumed, tmp_path):
    registry = resumed
    content = bytes(range(256)) * 8000
    bundle = make_bundle(tmp_path / "bundle", {"artifacts/model/weights": content})
    bento.push(bundle, registry)
    store = Store(tmp_path / "store")
    (store.root / "partial").mkdir(parents=True)
    (store.root / "partial" / bundle.manifest.files[0].sha256).write_bytes(content[:1_000_003])
    verify(bento.pull("iris", registry, store=store))


def test_a_version_that_is_too_long_for_a_tag_is_refused(make_bundle, registry, tmp_path):
    version = "v" * 125
    with pytest.raises(RemoteError) as caught:
        bento.push(make_bundle(tmp_path / "bundle", version=version), registry)
    assert str(caught.value) == (f"a registry takes tags of up to 128 characters, and 'iris..{version}' has 131: choose a shorter version")


@pytest.fixture(params=["basic", "token"])
def guarded(request, start_registry) -> str:
    """A repository of a registry that needs a login."""
    return f"{start_registry(request.param)}/models"


@pytest.fixture
def log_in(monkeypatch, tmp_path):
    """What `docker login` does."""

    def log_in(registry: str, password: str) -> None:
        host, auth = registry.split("/")[2], base64.b64encode(f"user:{password}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))

    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return log_in


def test_a_logged_in_user_can_push_and_pull(bundle, guarded, log_in, tmp_path):
    log_in(guarded, "secret")
    bento.push(bundle, guarded)
    verify(bento.pull("iris", guarded, store=Store(tmp_path / "store")))


def test_a_user_who_is_not_logged_in_gets_an_error_with_the_way_to_log_in(bundle, guarded, log_in):
    with pytest.raises(RemoteError) as caught:
        bento.push(bundle, guarded)
    host = guarded.split("/")[2]
    assert str(caught.value).endswith(f": docker login {host}")


def test_a_wrong_password_is_refused_and_not_shown(bundle, guarded, log_in):
    log_in(guarded, "wrong-password")
    with pytest.raises(RemoteError, match="401") as caught:
        bento.push(bundle, guarded)
    assert "wrong-password" not in str(caught.value)


def test_a_registry_without_a_repository_is_refused():
    with pytest.raises(RemoteError) as caught:
        Remote("oci://registry.example.org")
    assert str(caught.value) == (
        "expected a repository of the registry, as in oci://registry.example.org/models, got 'oci://registry.example.org'"
    )


def test_a_missing_registry_is_an_error_without_a_traceback(bundle):
    with pytest.raises(RemoteError, match=r"^cannot push iris:3 at oci://127\.0\.0\.1:9/models: Connection refused: see"):
        bento.push(bundle, "oci://127.0.0.1:9/models")
