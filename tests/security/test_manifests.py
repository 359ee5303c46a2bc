"""Hostile manifests: they are refused in little time and memory, and no terminal that shows them obeys them."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bento.bundle import open_bundle
from bento.bundle.manifest.formats import MAX_MANIFEST, read_manifest
from bento.cli import bento as command_line
from bento.errors import BundleError
from bento.plain import CONTROL
from bundles import ADAPTER, API, ARTIFACT, document

ESCAPES = "\x1b[2J\x1b]0;canary\x07\x9b31m\r\u202e\u2028\x00"


def encoded(**fields: Any) -> bytes:
    return json.dumps(document(**fields)).encode()


def with_metadata(metadata: Any) -> bytes:
    return encoded(artifacts=[{**ARTIFACT, "metadata": metadata}])


def nested(opening: str, count: int, closing: str = "") -> bytes:
    return (opening * count + closing * count).encode()


def listed(*paths: str) -> bytes:
    return encoded(files=[{"path": path, "size": 0, "sha256": "0" * 64} for path in paths])


LONG = "k" * 1_000_000
BOMBS: dict[str, Callable[[], bytes]] = {
    "depth of lists": lambda: nested("[", 3_000_000),
    "depth of objects": lambda: nested('{"a":', 500_000),
    "depth that Python can parse": lambda: with_metadata({"a": json.loads(nested("[", 400, "]"))}),
    "a great number": lambda: b'{"format": ' + b"9" * 5_000_000 + b"}",
    "a number of 4,300 digits": lambda: b'{"format": ' + b"9" * 4_300 + b"}",
    "an infinite number": lambda: with_metadata({"a": float("inf")}),
    "a number that becomes infinite": lambda: b'{"format": 1e999}',
    "one field twice": lambda: b'{"format": 1, "format": 1}',
    "one long field twice": f'{{"{LONG}": 1, "{LONG}": 1}}'.encode,
    "a long field too many": lambda: encoded(**{LONG: 1}),
    "a long value": lambda: encoded(service=LONG),
    "long paths to many values": lambda: with_metadata({LONG: {f"k{number}": number for number in range(10_000)} | {"last": 2**70}}),
    "millions of empty lists": lambda: b'{"a":[' + b"[]," * (MAX_MANIFEST // 3 - 20) + b"0]}",
    "millions of empty objects": lambda: b'{"a":[' + b"{}," * (MAX_MANIFEST // 3 - 20) + b"0]}",
    "more bytes than a manifest has": lambda: b" " * (MAX_MANIFEST + 1),
    "folders in folders": lambda: listed(*(f"{number:06d}/" + "/".join(["y" * 30] * 30) for number in range(3_000))),
    "no text": lambda: b"\xff\xfe" * 100,
    "half a character": lambda: b'{"\\ud800": 1}',
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_manifest_that_is_a_bomb_is_refused_quickly_and_with_a_short_message(bomb):
    content = bomb()
    started = time.process_time()
    with pytest.raises(BundleError) as caught:
        read_manifest(content)
    assert time.process_time() - started < 5
    assert len(str(caught.value)) < 500
    assert not CONTROL.search(str(caught.value))


@pytest.mark.parametrize("bomb", ["millions of empty lists", "millions of empty objects", "long paths to many values"])
def test_reading_a_bomb_takes_little_more_memory_than_the_bomb(bomb):
    content = BOMBS[bomb]()
    tracemalloc.start()
    try:
        with pytest.raises(BundleError):
            read_manifest(content)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(content)
    finally:
        tracemalloc.stop()


def test_a_manifest_with_far_too_many_folders_is_refused():
    paths = [f"{number:06d}/" + "/".join(["y" * 30] * 30) for number in range(3_000)]
    with pytest.raises(
        BundleError, match=r"expected folders with paths of at most 33554432 characters in all, got '.*' - at \$\.files\[\d+\]"
    ):
        read_manifest(listed(*paths))


def test_a_manifest_of_100_000_files_is_read():
    manifest = read_manifest(listed(*(f"artifacts/model/shards/{number:06d}/weights.bin" for number in range(100_000))))
    assert len(manifest.files) == 100_000


def test_a_manifest_with_far_too_many_values_is_refused():
    with pytest.raises(BundleError) as caught:
        read_manifest(BOMBS["millions of empty lists"]())
    assert str(caught.value) == "bento.json: expected at most 4000000 values, got more"


def test_a_digest_stands_for_one_size():
    files = [{"path": path, "size": size, "sha256": "0" * 64} for path, size in (("a", 1), ("b", 2))]
    with pytest.raises(BundleError) as caught:
        read_manifest(encoded(files=files))
    assert str(caught.value) == "bento.json: expected one size for one digest, got 2 - at $.files[1].size"


@pytest.mark.parametrize(
    "digest", ["", "0" * 40, "0" * 128, "sha512:" + "0" * 64, "md5:0", "0" * 63 + "G", "A" * 64, "0" * 64 + "\n", None, 0]
)
def test_a_digest_that_is_not_a_sha256_is_refused(digest):
    with pytest.raises(BundleError, match="expected a SHA-256 digest in lower-case hex"):
        read_manifest(encoded(files=[{"path": "a", "size": 0, "sha256": digest}]))


@pytest.mark.parametrize("size", [-1, 2**63, 1.5, "1", True, None, 1e3])
def test_a_size_that_no_file_can_have_is_refused(size):
    with pytest.raises(BundleError, match="expected a size in bytes"):
        read_manifest(encoded(files=[{"path": "a", "size": size, "sha256": "0" * 64}]))


PATHS = [
    "/a",
    "../a",
    "a/../b",
    "./a",
    "a//b",
    "a/",
    "",
    "C:a",
    "c:/a",
    "a\\b",
    "\\\\host\\a",
    "a\0b",
    "a\nb",
    "a\x1b[2Jb",
    "a\u202eb",
    "a\u2028b",
    "a" * 256,
    "é" * 128,
    "a/" * 32 + "b",
    "a/" * 600 + "b",
    "bento.json",
    "BENTO.JSON",
    "bento.json/a",
    "bento.json ",
    "bento.json.",
    "bento\u200b.json",
    f"bento.{'0' * 32}.sig",
    f"BENTO.{'0' * 32}.SIG",
    f"bento.{'0' * 32}.sig/a",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_could_lead_elsewhere_or_be_taken_for_another_is_refused(path):
    with pytest.raises(BundleError, match=r"\$\.files\[0\]\.path") as caught:
        read_manifest(listed(path))
    assert not CONTROL.search(str(caught.value))


@pytest.mark.parametrize(
    ("path", "twin"),
    [
        ("a/x", "A/y"),
        ("a", "a "),
        ("a", "a."),
        ("a/b", "a./c"),
        ("a", "a\u200d"),
        ("a", "a\ufe0f"),
        ("k", "\u212a"),
        ("s", "\u017f"),
        ("ss", "ß"),
        ("é", "e\u0301"),
        ("ﬁ", "fi"),
        ("\u1f71", "\u03b1\u0301"),
        ("a", "a/b"),
        ("A", "a/b"),
    ],
)
def test_two_paths_that_some_file_system_takes_for_one_are_refused(path, twin):
    with pytest.raises(BundleError, match=r"expected (paths that are distinct on every file system|files sorted by path, each once)"):
        read_manifest(listed(*sorted((path, twin))))


@pytest.fixture
def poisoned(make_bundle, tmp_path) -> Path:
    """A bundle with escape sequences in each field of the manifest that can hold them."""
    values = {ESCAPES: ESCAPES, "a": [ESCAPES, {"b": ESCAPES}]}
    adapter = {**ADAPTER, "options": values, "schema": values}
    bundle = make_bundle(
        tmp_path / "poisoned",
        {"artifacts/model/model.json": b"1", "src/iris.py": b""},
        artifacts=[{**ARTIFACT, "metadata": values, "options": values}],
        apis=[{**API, "input": adapter, "output": adapter}],
    )
    return bundle.path


@pytest.fixture
def other(make_bundle, tmp_path) -> Path:
    files = {"artifacts/model/model.json": b"1", "src/iris.py": b""}
    return make_bundle(tmp_path / "other", files, artifacts=[ARTIFACT], apis=[API]).path


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("command", ["show", "doctor", "diff", "diff back", "run", "serve", "check"])
def test_no_command_prints_escape_sequences_of_a_manifest(poisoned, other, tmp_path, command, form):
    arguments = {
        "show": ["show", poisoned],
        "doctor": ["doctor", poisoned],
        "diff": ["diff", poisoned, other],
        "diff back": ["diff", other, poisoned],
        "run": ["run", poisoned, "ask", "--input", "1"],
        "serve": ["serve", poisoned],
        "check": ["check", poisoned],
    }[command]
    if command in ("run", "serve"):
        form = []
    done = CliRunner().invoke(command_line, [*map(str, arguments), *form], env={"BENTO_HOME": str(tmp_path / "home")})
    assert set(CONTROL.findall(done.output)) <= {"\n"}
    assert done.output


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_json_output_still_has_the_values_of_the_manifest(poisoned, tmp_path):
    done = CliRunner().invoke(command_line, ["show", str(poisoned), "--json"])
    assert ESCAPES in strings(json.loads(done.stdout))


@pytest.mark.parametrize("text", ["$HOME", "${HOME}", "{{ 7 * 7 }}", "{env}", "%(env)s", "~", "`id`"])
def test_nothing_in_a_manifest_is_expanded(make_bundle, tmp_path, text):
    bundle = make_bundle(tmp_path / "bundle", doc=text, labels={"a": text})
    assert (bundle.manifest.doc, bundle.manifest.labels["a"]) == (text, text)
    assert f"a={text}\n" in CliRunner().invoke(command_line, ["show", str(bundle.path)]).stdout


def test_a_manifest_that_is_a_link_or_a_pipe_is_not_read(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    (bundle.path / "bento.json").rename(tmp_path / "real.json")
    (bundle.path / "bento.json").symlink_to(tmp_path / "real.json")
    with pytest.raises(BundleError, match="cannot read"):
        open_bundle(bundle.path)
    (bundle.path / "bento.json").unlink()
    os.mkfifo(bundle.path / "bento.json")
    with pytest.raises(BundleError, match="Not a plain file"):
        open_bundle(bundle.path)
