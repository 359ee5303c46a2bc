"""Bundles that hypothesis makes hostile, on every road into a store: each ends in a BentoError or a whole bundle, and nothing else.

Examples are few; `HYPOTHESIS_PROFILE=deep` draws ten thousand for each road.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bento
from bento.bundle import open_bundle, verify
from bento.errors import BentoError
from bento.packer import Packer
from bento.plain import CONTROL
from bento.serving import serve
from bento.store import Store, load, pack
from bundles import ADAPTER
from every_packer import PACKERS
from hostile_server import Hostile, answer, hostile_server
from watching import watching

FILES = {
    "README.md": b"# iris\n",
    "artifacts/model/model.json": b"[1, 2]",
    "examples/one/request": b"1",
    "requirements.txt": b"bento-core==0.1.0\n",
    "src/iris.py": b"raise SystemExit('canary')\n",
    "wheels/flowers-1.0-py3-none-any.whl": b"PK",
}
LISTENS = "socket.getaddrinfo ('127.0.0.1', 0, 0, 1, 0)"
"""What a server does before it loads a service."""
BODY = {"path": "examples/one/request", "content_type": "application/json"}
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
DOCUMENT: dict[str, Any] = {
    "format": 1,
    "name": "iris",
    "version": "3",
    "created": "2026-11-22T10:15:00Z",
    "labels": {"stage": "live"},
    "service": "iris:Iris",
    "doc": "Tell species.",
    "apis": [
        {"name": "ask", "path": "/ask", "doc": "", "batch": {"size": 4, "wait": 0}, "timeout": 5, "input": ADAPTER, "output": ADAPTER}
    ],
    "artifacts": [
        {
            "slot": "model",
            "format": "json",
            "options": {},
            "distribution": "bento-core",
            "version": "0.1.0",
            "runs_code": False,
            "type": "list",
            "metadata": {"auc": 0.9},
        }
    ],
    "examples": [{"name": "one", "api": "ask", "request": BODY, "answer": BODY, "tolerance": 0}],
    "requirements": ["bento-core==0.1.0"],
    "python": "3.11.7",
    "platform": "linux-x86_64",
    "code": None,
    "env": {"apt": ["libgomp1"], "conda": None, "base_image": "python:3.11-slim", "python_version": THIS, "setup": None},
    "files": [{"path": path, "size": len(FILES[path]), "sha256": hashlib.sha256(FILES[path]).hexdigest()} for path in sorted(FILES)],
}

TEXTS = [
    "",
    "..",
    "../../canary",
    "/etc/canary",
    "a/../b",
    "C:\\canary",
    "src/iris.py\0",
    "\x1b[2J\x9b",
    "\u202e",
    "\ud800",
    "con.txt",
    "x" * 300,
    "x/" * 40,
    "$(id)",
    "`id`",
    "a\nRUN id",
    "--index-url=http://canary",
    "-e .",
    "numpy @ file:///etc",
    "a; id",
    "latest",
    "iris:3",
    "os:system",
    "{{7*7}}",
    "<script>",
    f"bento.{'0' * 32}.sig",
    "bento.json",
    "SRC/IRIS.PY",
]
values = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=30),
    st.sampled_from([None, True, -1, 0, 2**31, 2**63, 2**64, 1e308, float("inf"), float("nan"), [], {}, [[]], {"a": {"b": []}}, "0" * 64]),
    st.recursive(
        st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each container in a document with each of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in [(value, key), *places(item)]]


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """The bytes of a manifest in which values are replaced, left out, put in or repeated, and then, perhaps, bytes."""
    document = json.loads(json.dumps(DOCUMENT))
    for _ in range(draw(st.integers(0, 3))):
        found = places(document)
        holder, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(["replace", "remove", "add", "repeat"])):
            case "replace":
                holder[key] = deepcopy(draw(values))
            case "remove":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(TEXTS) | st.text(max_size=10))] = deepcopy(draw(values))
            case _ if isinstance(holder, list):
                holder.append(deepcopy(holder[key]))
        if not document:
            break
    content = bytearray(json.dumps(document).encode())
    for _ in range(draw(st.sampled_from([0, 0, 0, 2]))):
        position = draw(st.integers(0, len(content)))
        content[position : position + draw(st.integers(0, 4))] = draw(
            st.sampled_from([b"", b"{", b'"', b"\xff", b"[" * 2000, b"9" * 5000, b","])
        )
    return bytes(content)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def outward(path: Path, target: str) -> None:
    path.symlink_to(target)


CHANGES: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: None,
    "empty": Path.touch,
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "link outside": partial(outward, target="/etc/hostname"),
    "link to a folder": partial(outward, target="/etc"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": partial(outward, target="nothing"),
    "device": partial(outward, target="/dev/zero"),
    "sparse": lambda path: (path.touch(), os.truncate(path, 1 << 40)),
    "other bytes": lambda path: path.write_bytes(b"canary"),
}
NAMES = [
    *FILES,
    "src",
    "artifacts/model",
    "bento.json",
    "src/more.py",
    "src/__pycache__/iris.cpython-311.pyc",
    f"bento.{'0' * 32}.sig",
    "\x1b[2J",
    "a\nb",
]


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder to work in. Nothing outside it may change, no code in it may run, and the work may not take much time or memory."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        folder = Path(place).resolve() / "work"
        (folder / "tmp").mkdir(parents=True)
        patch.setattr(tempfile, "tempdir", str(folder / "tmp"))
        started = time.process_time()
        tracemalloc.start()
        try:
            with watching(folder) as seen:
                yield folder
            assert tracemalloc.get_traced_memory()[1] < 100 << 20
        finally:
            tracemalloc.stop()
        assert seen == []
        assert os.listdir(folder / "tmp") == []  # noqa: PTH208 - names only
        assert os.listdir(place) == ["work"]  # noqa: PTH208 - names only
        assert time.process_time() - started < 10


def survives(work: Callable[[], object]) -> bool:
    """Whether the work succeeds; the only allowed error is a BentoError without control characters that fits on a screen."""
    try:
        work()
    except BentoError as error:
        text = str(error)
        assert text
        assert len(text) < 2000
        assert set(CONTROL.findall(text)) <= {"\n"}
        return False
    return True


def write_bundle(folder: Path, content: bytes = json.dumps(DOCUMENT).encode()) -> Path:
    for path, data in {**FILES, "bento.json": content}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def use(folder: Path, out: Path, packer: Packer) -> None:
    """Do all that can be done with a folder without trusting its bundle."""
    done = survives(lambda: verify(open_bundle(folder)))
    assert not survives(lambda: load(folder, store=Store(out / "store")))
    if survives(lambda: pack(folder, packer, out / "packed", store=Store(out / "store"))):
        assert done
    else:
        assert not os.path.lexists(out / "packed")


@given(documents(), st.sampled_from(PACKERS))
def test_a_folder_with_any_manifest_is_whole_or_refused(content, packer):
    with workshop() as folder:
        use(write_bundle(folder / "bundle", content), folder, packer)


@given(st.sampled_from(PACKERS), st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(CHANGES))), max_size=3))
def test_a_folder_with_any_change_is_whole_or_refused(packer, changes):
    with tempfile.TemporaryDirectory() as place:
        bundle = changed(write_bundle(Path(place).resolve() / "bundle"), changes)
        with workshop() as folder:
            use(bundle, folder, packer)


def changed(bundle: Path, changes: list[tuple[str, str]]) -> Path:
    for name, change in changes:
        if (bundle / name).parent.is_dir() and (bundle / name).parent.resolve().is_relative_to(bundle):
            remove(bundle / name)
            CHANGES[change](bundle / name)
    return bundle


@pytest.mark.parametrize("road", [load, partial(serve, port=0)], ids=["load", "serve"])
@settings(max_examples=settings.default.max_examples // 4)
@given(content=documents(), changes=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(CHANGES))), max_size=1))
def test_consent_lets_a_whole_bundle_run_its_own_code_and_nothing_else(road, content, changes):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        bundle, store = changed(write_bundle(folder / "bundle", content), changes), Store(folder / "store")
        with watching(folder) as seen:
            whole = survives(lambda: verify(open_bundle(bundle)))
            assert not survives(lambda: road(bundle, store=store))
            assert seen == []
            assert not survives(lambda: road(bundle, store=store, trust=True))
        ran = [each for each in seen if each != LISTENS]
        assert ran == [] or (whole and ran == [f"ran {bundle}/src/iris.py"])


def kept(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "bundles").rglob("*") if path.is_file())


def taken_in(store: Store, work: Callable[[], object]) -> None:
    """A bundle that is taken in is whole and does not run; one that is refused leaves nothing behind."""
    if survives(work):
        for bundle in store.list():
            verify(bundle)
            assert not survives(lambda bundle=bundle: load(bundle, store=store))
    else:
        assert kept(store) == []


@given(documents(), st.lists(st.tuples(st.sampled_from([*FILES, *TEXTS]), st.sampled_from([b"", b"canary"])), max_size=2))
def test_an_archive_with_any_manifest_and_any_entries_is_taken_in_whole_or_not_at_all(content, more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, data in [("bento.json", content), *sorted(FILES.items()), *more]:
            member = zipfile.ZipInfo("x")
            member.filename = path.encode("utf-8", "replace").decode()
            archive.writestr(member, data) if member.filename not in archive.NameToInfo else None
    with workshop() as folder:
        (folder / "iris.bento").write_bytes(file.getvalue())
        store = Store(folder / "store")
        taken_in(store, lambda: store.unpack(folder / "iris.bento"))


@given(documents(), st.lists(st.tuples(st.sampled_from(sorted(FILES)), st.sampled_from(sorted(CHANGES))), max_size=2))
def test_a_remote_with_any_manifest_and_any_contents_gives_a_whole_bundle_or_nothing(content, changes):
    with tempfile.TemporaryDirectory() as place:
        remote = Path(place).resolve() / "remote"
        (remote / "bundles/iris/3").mkdir(parents=True)
        (remote / "bundles/iris/3/bento.json").write_bytes(content)
        for path, data in FILES.items():
            blob(remote, path).parent.mkdir(parents=True, exist_ok=True)
            blob(remote, path).write_bytes(data)
        for path, change in changes:
            remove(blob(remote, path))
            CHANGES[change](blob(remote, path))
        with workshop() as folder:
            store = Store(folder / "store")
            taken_in(store, lambda: bento.pull("iris:3", f"file://{remote}", store=store))


def blob(remote: Path, path: str) -> Path:
    digest = hashlib.sha256(FILES[path]).hexdigest()
    return remote / "blobs" / digest[:2] / digest


@pytest.fixture(scope="module")
def registry() -> Iterator[Hostile]:
    with hostile_server() as hostile:
        yield hostile


ANSWERS = st.one_of(
    st.sampled_from(
        [
            b"",
            b"{}",
            b"[]",
            b"\xff",
            b'{"config": {}}',
            b'{"config": {"mediaType": "application/vnd.bento.manifest.v1+json", "digest": "../x"}}',
        ]
    ),
    st.builds(
        partial,
        st.just(answer),
        status=st.sampled_from([200, 206, 301, 302, 401, 404, 418, 500]),
        body=st.binary(max_size=20),
        headers=st.dictionaries(
            st.sampled_from(["Location", "Link", "WWW-Authenticate", "Content-Length", "Content-Range"]),
            st.sampled_from(
                ["", "file:///etc/passwd", '</v2/models/tags/list>; rel="next"', 'Bearer realm="file:///etc/passwd"', "-1", "x", "Basic x"]
            ),
            max_size=2,
        ),
        reason=st.sampled_from(["", "\x1b[31m"]),
    ),
)


@given(data=st.data(), content=documents())
def test_a_registry_with_any_answers_gives_a_whole_bundle_or_nothing(registry, data, content):
    digest = hashlib.sha256(content).hexdigest()
    config = {"mediaType": "application/vnd.bento.manifest.v1+json", "digest": f"sha256:{digest}"}
    registry.answers = {
        "/v2/models/manifests/iris..3": json.dumps({"config": config}).encode(),
        f"/v2/models/blobs/sha256:{digest}": content,
        "/v2/models/tags/list": b'{"tags": ["iris..3"]}',
        **{f"/v2/models/blobs/sha256:{hashlib.sha256(content).hexdigest()}": content for content in FILES.values()},
    }
    for path in data.draw(st.lists(st.sampled_from(sorted(registry.answers)), max_size=2)):
        registry.answers[path] = data.draw(ANSWERS)
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place) / "store")
        taken_in(store, lambda: bento.pull("iris:3", f"oci://{registry.address}/models", store=store))


def test_a_bundle_that_nobody_changed_is_taken_in_on_every_road():
    with workshop() as folder:
        bundle = write_bundle(folder / "bundle")
        verify(open_bundle(bundle))
        for packer in PACKERS:
            pack(bundle, packer, folder / packer.name)
        store = Store(folder / "store")
        store.unpack(folder / "archive")
        assert len(store.list()) == 1
        with watching(folder) as seen:
            assert not survives(lambda: load(bundle, store=store, trust=True))
        assert seen == [f"ran {bundle}/src/iris.py"]
