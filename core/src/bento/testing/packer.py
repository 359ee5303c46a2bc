"""The kit for packers: the rules that every packer has to keep."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from ..bundle import load_service, open_bundle, verify
from ._files import contents, times
from ._kit import Kit, check_name, expect
from ._packer import PackerChecks, answer, differing, modes, shown
from ._same import same

_LONG_AGO = (1_000_000_000, 1_000_000_000)


class PackerTests(PackerChecks, Kit, kit=True):
    """Tests for one packer::

        class TestThingPacker(PackerTests):
            packer = ThingPacker()

    If the packer writes anything else but a folder, a zip or a tar, define `unpack()`. If you define your own `service()`, also define the
    `requests()` for it.
    """

    def test_the_class_says_what_it_is(self) -> None:
        """The command line shows `name` and `summary`."""
        kind = type(self.packer)
        summary = getattr(kind, "summary", None)
        check_name(kind, "Packer")
        one_line = isinstance(summary, str) and summary and len(summary.splitlines()) == 1
        expect(one_line, f"{kind.__name__}.summary is {summary!r}: say in one line what it makes")

    def test_packing_returns_what_it_wrote(self) -> None:
        with self._packed() as (_, packed):
            expect(shown(packed), f"pack() makes an empty folder at {str(packed)!r}")

    def test_packing_writes_only_at_its_place(self) -> None:
        with tempfile.TemporaryDirectory() as elsewhere, chdir(elsewhere), self._packed() as (_, packed):
            left = [path.name for path in packed.parent.iterdir() if path.name != "out"] + [path.name for path in Path(elsewhere).iterdir()]
        expect(not left, f"pack() leaves {', '.join(left)} beside what it makes")

    def test_packing_does_not_change_the_bundle(self) -> None:
        with self._bundle() as bundle, tempfile.TemporaryDirectory() as place:
            before = contents(bundle.path), times(bundle.path)
            self._pack(bundle, Path(place, "out"))
            expect((contents(bundle.path), times(bundle.path)) == before, "pack() changes the bundle: copy what has to be different")

    def test_packing_twice_gives_the_same_bytes(self) -> None:
        """The second time from a copy of the bundle in another place, with other times and permissions."""
        with self._packed() as (bundle, packed), tempfile.TemporaryDirectory() as place:
            copy = Path(shutil.copytree(bundle.path, Path(place, "copy")))
            for path in copy.rglob("*"):
                path.chmod(0o700)
                os.utime(path, _LONG_AGO)
            again = self._pack(open_bundle(copy), Path(place, "out2"))
            different = differing(shown(packed), shown(again))
        expect(
            not different,
            f"the same bundle packed twice differs in {different}: write no times, paths, owners or permissions of this machine",
        )

    def test_packing_depends_on_no_current_folder_and_no_umask(self) -> None:
        with self._packed() as (bundle, packed), tempfile.TemporaryDirectory() as place:
            with chdir(place), _umask(0o077):
                relative = self._pack(bundle, Path("out"))
            again = Path(place, relative)
            different = differing(shown(packed), shown(again))
            expect(not different, f"packed in another folder and under another umask, {different} differs")
            different = differing(modes(packed), modes(again))
            expect(not different, f"the permissions of {different} depend on the umask: set them")

    def test_a_taken_place_is_refused(self) -> None:
        with self._bundle() as bundle, tempfile.TemporaryDirectory() as place:
            file, folder = Path(place, "file"), Path(place, "folder")
            file.write_bytes(b"precious")
            folder.mkdir()
            self._check_refused(bundle, file, "where a file is")
            self._check_refused(bundle, folder, "where an empty folder is")
            expect(contents(Path(place)) == {"file": b"precious", "folder/": b""}, "pack() changes what was in its place before it refuses")

    def test_a_failure_leaves_nothing(self) -> None:
        """Each missing file of the bundle stands for any error that can happen while packing."""
        with self._bundle() as bundle, tempfile.TemporaryDirectory() as place:
            for file in bundle.manifest.files:
                hidden = (bundle.path / file.path).rename(bundle.path.with_name("hidden"))
                self._check_refused(bundle, Path(place, "out"), f"of a bundle whose {file.path!r} is gone")
                hidden.rename(bundle.path / file.path)
            self._check_refused(bundle, Path(place, "nowhere", "out"), "into a folder that is not there")

    def test_every_file_of_the_bundle_is_packed(self) -> None:
        with self._packed() as (bundle, packed), tempfile.TemporaryDirectory() as place:
            folder = self.unpack(packed, Path(place))
            missing = differing(contents(bundle.path), contents(folder))
            expect(not missing, f"what was packed does not hold {missing} as the bundle has it")
            verify(open_bundle(folder))

    def test_what_was_packed_answers_as_the_bundle_does(self) -> None:
        with self._packed() as (bundle, packed), tempfile.TemporaryDirectory() as place:
            unpacked = load_service(open_bundle(self.unpack(packed, Path(place))))
            original = load_service(bundle)
            for api, value in self.requests().items():
                told, expected = answer(unpacked, api, value), answer(original, api, value)
                expect(same(told, expected), f"what was packed answers {told!r} to {api}, the bundle {expected!r}")


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
