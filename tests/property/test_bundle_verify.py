from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bento.bundle import open_bundle, verify
from bento.errors import BundleError
from bundles import write_bundle, write_files

NAMES = st.sampled_from(["a", "b", "c", "d/e", "d/f", "g/h/i"]).map(lambda name: f"artifacts/model/{name}")
FILES = st.dictionaries(NAMES, st.binary(max_size=40), min_size=1)


@settings(deadline=None)
@given(FILES, FILES)
def test_a_bundle_is_whole_exactly_if_its_files_are_the_listed_ones(listed: dict[str, bytes], found: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_bundle(folder, listed)
        for path in listed:
            (folder / path).unlink()
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
        write_files(folder, found)
        try:
            verify(open_bundle(folder))
        except BundleError as error:
            differing = {path for path in {*listed, *found} if listed.get(path) != found.get(path)}
            named = str(error).split("'")[1]
            assert any(f"{path}/".startswith(f"{named}/") for path in differing)
        else:
            assert listed == found


@settings(deadline=None)
@given(FILES, st.data())
def test_one_flipped_bit_is_found_wherever_it_is(files: dict[str, bytes], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_bundle(folder, files)
        bundle = open_bundle(folder)
        path = data.draw(st.sampled_from([*(path for path in files if files[path]), "bento.json"]))
        content = bytearray((folder / path).read_bytes())
        bit = data.draw(st.integers(0, 8 * len(content) - 1))
        content[bit // 8] ^= 1 << bit % 8
        (folder / path).write_bytes(content)
        try:
            verify(bundle)
        except BundleError as error:
            assert repr(path) in str(error)  # noqa: PT017 - no error at all fails below
        else:
            raise AssertionError(path)
