"""The manifests of two bundles show what changed, and which changes may break a client."""

from __future__ import annotations

import pytest

from bento.bundle.comparing.change import Change
from bento.bundle.comparing.compare import compare
from bundles import ADAPTER, API, ARTIFACT

FILES = {"artifacts/model/model.json": b"[1, 2]", "src/iris.py": b"import bento\n"}


def adapter(**fields):
    return {**ADAPTER, "schema": {"type": "array"}, "distribution": "bento-core", "version": "0.1.0", **fields}


def api(**fields):
    return {**API, "name": "predict", "path": "/predict", "timeout": 60.0, "input": adapter(), "output": adapter(), **fields}


def model(**fields):
    return {**ARTIFACT, "metadata": {"auc": 0.93}, **fields}


@pytest.fixture
def changes(make_bundle, tmp_path):
    """The changes from a bundle to one that has these files and fields instead."""

    def changes(files=FILES, **fields):
        before = {"apis": [api()], "artifacts": [model()]}
        old = make_bundle(tmp_path / "old", FILES, **before)
        return list(compare(old, make_bundle(tmp_path / "new", files, **{**before, **fields})))

    return changes


def test_version_time_and_labels_of_a_bundle_do_not_count_as_changes(changes):
    assert changes(version="4", created="2027-01-01T00:00:00Z", labels={"stage": "live"}) == []


@pytest.mark.parametrize(
    ("apis", "expected"),
    [
        ([], ["removed"]),
        ([api(path="/ask")], ["path: /predict -> /ask"]),
        ([api(input=adapter(media_types=["text/plain"]))], ["no longer takes application/json"]),
        ([api(input=adapter(schema={"type": "array", "minItems": 1}))], ["may refuse what it took before: fewer items than 1 at $"]),
        ([api(output=None)], ["output: json -> whatever is returned"]),
        ([api(output=adapter(media_types=["text/plain", "application/json"]))], ["answers by default: application/json -> text/plain"]),
        ([api(output=adapter(schema={"type": ["array", "null"]}))], ["may give answers that it did not give before: null at $"]),
    ],
)
def test_a_change_of_an_api_that_may_break_a_client_is_marked_so(changes, apis, expected):
    assert [change.change for change in changes(apis=apis) if change.breaks] == expected


def test_a_media_type_that_is_no_longer_answered_breaks_its_clients(make_bundle, tmp_path):
    old, new = (api(output=adapter(media_types=media_types)) for media_types in (["text/plain", "text/csv"], ["text/plain"]))
    bundles = [make_bundle(tmp_path / name, apis=[entry]) for name, entry in (("old", old), ("new", new))]
    assert list(compare(*bundles)) == [Change("api", "predict", "no longer answers text/csv", breaks=True)]


@pytest.mark.parametrize(
    ("apis", "expected"),
    [
        ([api(), api(name="more", path="/more")], [("more", "added")]),
        ([api(timeout=5.0)], [("predict", "timeout: 60 s -> 5 s")]),
        ([api(batch={"size": 8, "wait": 0.5})], [("predict", "batch: none -> 8 rows, 0.5 s")]),
        ([api(doc="Ask.")], [("predict", "another description")]),
        ([api(input=adapter(media_types=["application/*"], adapter="any"))], [("predict", "input: json -> any")]),
        ([api(input=adapter(options={"strict": False}))], [("predict", "input: other options")]),
        ([api(input=adapter(schema={}))], [("predict", "input: another schema")]),
        ([api(output=adapter(schema={"type": "array", "minItems": 1}))], [("predict", "output: another schema")]),
    ],
)
def test_a_change_of_an_api_that_breaks_no_client_is_not_marked_so(changes, apis, expected):
    assert changes(apis=apis) == [Change("api", name, text) for name, text in expected]


def test_changed_contents_and_metadata_of_models_are_listed(changes):
    files = {**FILES, "artifacts/model/model.json": b"[3]", "artifacts/words/words.txt": b""}
    entry = model(format="array", type="ndarray", metadata={"auc": 0.95}, options={"mapped": True})
    assert changes(files, artifacts=[entry, model(slot="words")]) == [
        Change("model", "model", "format: json -> array"),
        Change("model", "model", "type: dict -> ndarray"),
        Change("model", "model", 'options: {} -> {"mapped": true}'),
        Change("model", "model", 'metadata: {"auc": 0.93} -> {"auc": 0.95}'),
        Change("model", "model", "other contents"),
        Change("model", "words", "added"),
    ]


def test_a_removed_model_is_listed(changes):
    assert changes(artifacts=[]) == [Change("model", "model", "removed")]


def test_changed_requirements_and_environments_are_listed(changes):
    conda = {"channels": ["conda-forge"], "dependencies": ["gdal=3.9", "proj"]}
    files = {**FILES, "environment.yml": b""}
    env = {"apt": ["curl", "libgomp1"], "base_image": None, "conda": conda, "python_version": "3.12", "setup": None}
    assert changes(
        files,
        platform="linux-aarch64",
        requirements=["bento-core==0.2.0", "torch[cpu]==2.0; python_version > '3'"],
        python="3.12.1",
        env=env,
    ) == [
        Change("package", "bento-core", "0.1.0 -> 0.2.0"),
        Change("package", "numpy", "2.1.0 -> none"),
        Change("package", "torch", 'none -> [cpu]==2.0; python_version > "3"'),
        Change("env", "apt", "none -> curl libgomp1"),
        Change("env", "conda", "none -> gdal=3.9 proj"),
        Change("env", "conda channels", "none -> conda-forge"),
        Change("env", "platform", "linux-x86_64 -> linux-aarch64"),
        Change("env", "python", "3.11.7 -> 3.12.1"),
        Change("env", "python_version", "none -> 3.12"),
    ]


def test_a_lock_that_was_added_is_listed(changes):
    assert changes({**FILES, "requirements.lock": b""}) == [Change("lock", "requirements.lock", "added")]


def test_added_removed_and_changed_files_are_listed(changes):
    files = {"artifacts/model/model.json": b"[1, 2]", "src/iris.py": b"", "src/more.py": b"", "wheels/a-1-py3-none-any.whl": b""}
    assert changes(files) == [
        Change("code", "iris.py", "changed"),
        Change("code", "more.py", "added"),
        Change("wheel", "a-1-py3-none-any.whl", "added"),
    ]
