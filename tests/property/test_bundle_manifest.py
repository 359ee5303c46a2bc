from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bento.bundle.manifest.formats import read_manifest
from bento.errors import BundleError

SHA = "0" * 64
ADAPTER = {
    "adapter": "json",
    "options": {"depth": 3},
    "media_types": ["application/json"],
    "schema": {"examples": [[1]]},
    "distribution": "bento-core",
    "version": "0.1.0",
}
DOCUMENT: dict[str, Any] = {
    "format": 1,
    "name": "iris",
    "version": "3",
    "created": "2026-11-22T10:15:00Z",
    "labels": {"team": "flowers"},
    "service": "iris:Iris",
    "doc": "An iris.",
    "apis": [
        {
            "name": "predict",
            "path": "/predict",
            "doc": "",
            "batch": {"size": 8, "wait": 0.5},
            "timeout": 9.0,
            "input": ADAPTER,
            "output": None,
        }
    ],
    "artifacts": [
        {
            "slot": "model",
            "format": "json",
            "options": {},
            "distribution": None,
            "version": None,
            "runs_code": False,
            "type": "dict",
            "metadata": {"auc": 0.93},
        }
    ],
    "examples": [
        {
            "name": "predict-1",
            "api": "predict",
            "request": {"path": "artifacts/model/a", "content_type": "application/json"},
            "answer": {"path": "src/setup.sh", "content_type": "text/plain; charset=utf-8"},
            "tolerance": 0.5,
        }
    ],
    "requirements": ["bento-core==0.1.0"],
    "python": "3.11.7",
    "platform": "linux-x86_64",
    "code": None,
    "env": {"apt": ["libgomp1"], "base_image": "python:3.12", "conda": None, "python_version": "3.12", "setup": "src/setup.sh"},
    "files": [{"path": "artifacts/model/a", "size": 1, "sha256": SHA}, {"path": "src/setup.sh", "size": 0, "sha256": SHA}],
}

TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(["..", "/", "a:b", "$(id)", "\n", "\ud800", "numpy; ", "x" * 300])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """The document with up to three values, at any depth, replaced, removed or added."""
    document: Any = copy.deepcopy(DOCUMENT)
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from([path for path in places(document) if path]))
        place = document
        for parent in parents:
            place = place[parent]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "remove":
                del place[last]
            case "add" if isinstance(place, dict):
                place[draw(TEXTS)] = draw(VALUES)
            case _:
                place[last] = draw(VALUES)
    return document


@settings(deadline=None)
@given(mutated())
def test_a_mutated_manifest_is_read_whole_or_refused_with_the_place(document: object) -> None:
    try:
        manifest = read_manifest(json.dumps(document).encode())
    except BundleError as error:
        assert str(error).startswith("bento.json")  # noqa: PT017 - either outcome is right
    else:
        assert json.loads(manifest.encode()) == document
        assert read_manifest(manifest.encode()) == manifest


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_are_a_bundle_error(content: bytes) -> None:
    try:
        read_manifest(content)
    except BundleError as error:
        assert str(error).startswith("bento.json")  # noqa: PT017 - anything else that is raised fails the test
    else:
        raise AssertionError(content)


@settings(deadline=None)
@given(st.data())
def test_one_flipped_byte_never_breaks_the_reader(data: st.DataObject) -> None:
    content = bytearray(json.dumps(DOCUMENT, indent=2).encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_manifest(bytes(content)).encode()
    except BundleError as error:
        assert str(error).startswith("bento.json")  # noqa: PT017 - either outcome is right
