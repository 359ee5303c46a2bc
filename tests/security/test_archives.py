"""Hostile `.bento` files: nothing outside the target is touched, nothing is left behind, and the error names the fault."""

from __future__ import annotations

import io
import json
import stat
import struct
import tempfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bento.bundle import verify
from bento.bundle.manifest.formats import MAX_MANIFEST
from bento.bundle.unpack import unpack_archive
from bento.errors import BundleError
from bundles import document

FILES = {"artifacts/model/weights": bytes(range(256)) * 8, "src/iris.py": b"import bento\n" * 20}
BOMB = bytes(50 << 20)

OUTSIDE = ["/etc/canary", "../canary", "src/../../canary", "C:/canary", "C:canary", "..\\canary", "src\\..\\..\\canary", "//host/canary"]
TWINS = [
    "SRC/IRIS.PY",
    "src/Iris.py",
    "src/iris.py/",
    "src/iris.py/x",
    "src/iris.py\x00.txt",
    "src//iris.py",
    "./src/iris.py",
    "src/iris.py ",
    "",
]

Entry = tuple[zipfile.ZipInfo, bytes]


def entry(name: str, content: bytes = b"", *, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> Entry:
    member = zipfile.ZipInfo("x")
    member.filename, member.compress_type, member.external_attr = name, method, mode << 16
    return member, content


def manifest(files: Mapping[str, bytes] = FILES) -> Entry:
    return entry("bento.json", json.dumps(document(files)).encode())


GOOD = [manifest(), *(entry(path, FILES[path]) for path in sorted(FILES))]


def archive(entries: Iterable[Entry] = GOOD) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target, warnings.catch_warnings(action="ignore", category=UserWarning):
        for member, content in entries:
            target.writestr(member, content)
    return file.getvalue()


@pytest.fixture
def refused(tmp_path) -> Callable[[bytes], str]:
    """Unpack bytes, expect a refusal that leaves nothing behind, and return its message without the file's name."""

    def refuse(content: bytes) -> str:
        return refusal(content, tmp_path)

    return refuse


def refusal(content: bytes, folder: Path) -> str:
    file, target = folder / "in" / "iris.bento", folder / "out" / "bundle"
    file.parent.mkdir()
    target.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        unpack_archive(file, target)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == ["in", "in/iris.bento", "out"]
    start = f"cannot unpack {str(file)!r}: "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def test_the_archive_that_the_others_are_made_from_unpacks(tmp_path):
    (tmp_path / "iris.bento").write_bytes(archive())
    verify(unpack_archive(tmp_path / "iris.bento", tmp_path / "bundle"))


@pytest.mark.parametrize("name", [*OUTSIDE, *TWINS])
def test_a_name_that_the_manifest_does_not_list_is_refused(refused, name):
    assert refused(archive([*GOOD, entry(name, b"canary")])) == f"{name!r} is not listed in bento.json"


@pytest.mark.parametrize("name", [*OUTSIDE, *(name for name in TWINS if name not in ("SRC/IRIS.PY", "src/Iris.py", "src/iris.py "))])
def test_a_manifest_that_lists_an_unsafe_path_is_refused(refused, name):
    files = {**FILES, name: b"canary"}
    fault = refused(archive([manifest(files), *(entry(path, files[path]) for path in files)]))
    assert fault.startswith("bento.json: expected ")
    assert repr(name) in fault


@pytest.mark.parametrize(
    ("name", "twin"), [("src/iris.py", "src/IRIS.py"), ("src/\u00e9.py", "src/e\u0301.py"), ("src/straße", "src/strasse")]
)
def test_two_names_that_a_file_system_could_take_for_one_are_refused(refused, name, twin):
    files = {name: b"1", twin: b"2"}
    fault = refused(archive([manifest(files), *(entry(path, files[path]) for path in sorted(files))]))
    assert fault.startswith("bento.json: expected paths that are distinct on every file system")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR])
def test_an_entry_that_is_not_a_plain_file_is_refused(refused, kind):
    link = entry("src/iris.py", FILES["src/iris.py"], mode=kind | 0o777)
    assert refused(archive([*GOOD[:-1], link])) == "'src/iris.py' is not a plain file"


def test_a_name_that_occurs_twice_is_refused(refused):
    assert refused(archive([*GOOD, GOOD[-1]])) == "'src/iris.py' is in it twice"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_bento_does_not_use_is_refused(refused, method):
    fault = refused(archive([*GOOD[:-1], entry("src/iris.py", FILES["src/iris.py"], method=method)]))
    assert fault == f"'src/iris.py' is compressed by method {method}: expected 0, stored, or 8, deflate"


@pytest.mark.parametrize("flags", [0x0001, 0x0041])
def test_an_encrypted_entry_is_refused(refused, flags):
    content = bytearray(archive())
    content[content.rindex(b"PK\x01\x02") + 8] |= flags
    assert refused(bytes(content)) == "'src/iris.py' is encrypted"


def test_an_archive_that_does_not_begin_with_the_manifest_is_refused(refused):
    assert refused(archive([*GOOD[1:], GOOD[0]])) == "it does not begin with bento.json"


def test_an_empty_archive_is_refused(refused):
    assert refused(archive([])) == "it does not begin with bento.json"


def test_a_missing_file_is_refused_by_name(refused):
    assert refused(archive(GOOD[:-1])) == "'src/iris.py' is missing"


def test_a_changed_file_is_refused_by_name(refused):
    changed = FILES["src/iris.py"].replace(b"bento", b"canto")
    assert refused(archive([*GOOD[:-1], entry("src/iris.py", changed)])) == "'src/iris.py' has changed"


def test_a_bomb_is_refused_before_it_is_unpacked(refused):
    content = archive([*GOOD[:-1], entry("src/iris.py", BOMB)])
    tracemalloc.start()
    assert refused(content) == f"'src/iris.py' has {len(BOMB)} bytes, expected {len(FILES['src/iris.py'])}"
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_ends_at_the_size_it_claims(tmp_path, refused):
    content = bytearray(archive([*GOOD[:-1], entry("src/iris.py", BOMB)]))
    for header, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.rindex(header) + offset, len(FILES["src/iris.py"]))
    tracemalloc.start()
    assert refused(bytes(content)) == "it is not a whole archive: Bad CRC-32 for file 'src/iris.py'"
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_manifest_that_is_a_bomb_is_refused(refused):
    content = archive([entry("bento.json", bytes(MAX_MANIFEST + 1)), *GOOD[1:]])
    assert refused(content) == f"'bento.json' has {MAX_MANIFEST + 1} bytes, expected at most {MAX_MANIFEST}"


def test_too_many_signatures_are_refused_unread(refused):
    names = [f"bento.{number:032x}.sigstore.json" for number in range(2000)]
    content = archive([*GOOD, *(entry(name, bytes(1 << 16)) for name in names)])
    tracemalloc.start()
    assert refused(content) == "there are 2000 signatures: expected at most 64"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20


def test_entries_that_share_their_bytes_are_refused(refused):
    content = bytearray(archive())
    offset = content.rindex(b"PK\x01\x02") + 42
    struct.pack_into("<L", content, offset, struct.unpack_from("<L", content, content.index(b"PK\x01\x02", offset - 200) + 42)[0])
    assert refused(bytes(content)) == "'src/iris.py' does not begin where the entry before it ends"


def test_an_entry_that_is_described_in_two_ways_is_refused(refused):
    content = bytearray(archive())
    content[content.rindex(b"PK\x03\x04") + 8] ^= 8
    assert refused(bytes(content)) == "'src/iris.py' is described in two ways"


def test_junk_before_the_archive_is_refused(refused):
    assert refused(b"#!/bin/sh\ntouch /canary\n" + archive()) == "'bento.json' does not begin where the entry before it ends"


@pytest.mark.parametrize("junk", [b"\n", b"junk" * 100, archive()[-22:-2]])
def test_junk_after_the_archive_is_refused(refused, junk):
    assert refused(archive() + junk) == "it is not a whole archive: it does not end as one"


def test_a_comment_is_refused_because_it_could_hold_another_end_of_the_archive(refused):
    file = io.BytesIO(archive())
    with zipfile.ZipFile(file, "a") as target:
        target.comment = b"PK\x05\x06" + bytes(30)
    assert refused(file.getvalue()) == "it is not a whole archive: it does not end as one"


def test_an_archive_behind_an_archive_is_refused(refused):
    assert refused(archive([manifest({}), *GOOD[1:]]) + archive()) == "'bento.json' does not begin where the entry before it ends"


def test_something_between_the_entries_and_the_directory_is_refused(refused):
    content = archive()
    start = content.index(b"PK\x01\x02")
    moved = bytearray(content[:start] + b"canary" + content[start:])
    struct.pack_into("<L", moved, len(moved) - 6, start + 6)
    assert refused(bytes(moved)) == "there is something between its entries and its directory"


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"canary" * 100, b"PK\x05\x06" + bytes(18) + b"x"])
def test_a_file_that_is_not_an_archive_is_refused(refused, content):
    assert refused(content).startswith("it is not a whole archive: ")


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path):
    for file, fault in ((tmp_path / "no.bento", "No such file or directory"), (tmp_path, "Not a plain file")):
        with pytest.raises(BundleError) as caught:
            unpack_archive(file, tmp_path / "bundle")
        assert str(caught.value) == f"cannot unpack {str(file)!r}: {fault}"


names = st.sampled_from(["bento.json", *FILES, *OUTSIDE, *TWINS]) | st.text(max_size=20)
modes = st.sampled_from([0o100644, 0o120777, 0o040755, 0o020666, 0])
entries = st.builds(entry, names, st.sampled_from([b"", b"canary", *FILES.values()]), mode=modes)


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """A good archive with entries removed, added and moved, and then with bytes changed, removed and added."""
    listed = {**FILES, **{draw(names): b"canary" for _ in range(draw(st.integers(0, 2)))}}
    kept = draw(st.permutations([manifest(listed), *(entry(path, listed[path]) for path in listed)]) | st.just(GOOD))
    content = bytearray(archive([*kept[: draw(st.integers(0, len(kept)))], *draw(st.lists(entries, max_size=3))]))
    for _ in range(draw(st.integers(0, 4))):
        position = draw(st.integers(0, len(content) - 1))
        content[position : position + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(content)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def unpacks_well_or_not_at_all(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        (folder / "in/iris.bento").write_bytes(content)
        try:
            verify(unpack_archive(folder / "in/iris.bento", folder / "out/bundle"))
        except BundleError:
            assert names_in(folder / "out") == []
        else:
            assert names_in(folder / "out") == ["bundle"]
        assert names_in(folder) == ["in", "out"]
        assert names_in(folder / "in") == ["iris.bento"]


@given(hostile())
def test_any_archive_unpacks_to_a_verified_bundle_or_to_nothing(content):
    unpacks_well_or_not_at_all(content)


@given(st.data())
def test_a_good_archive_with_any_byte_changed_unpacks_to_the_same_files_or_to_nothing(data):
    content = bytearray(archive())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    unpacks_well_or_not_at_all(bytes(content))


@given(st.integers(0, len(archive()) - 1))
def test_a_truncated_archive_unpacks_to_nothing(size):
    with tempfile.TemporaryDirectory() as name:
        refusal(archive()[:size], Path(name))
