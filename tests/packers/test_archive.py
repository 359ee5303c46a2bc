from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from bento.bundle import verify
from bento.bundle.unpack import unpack_archive
from bento.errors import PackerError
from bento.packers import ArchivePacker
from commands import BENTO

NOISE = os.urandom(100_000)


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle")


def packed(bundle, out: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(ArchivePacker().pack(bundle, out))


def test_an_archive_unpacks_to_the_same_bundle(bundle, tmp_path):
    unpacked = unpack_archive(ArchivePacker().pack(bundle, tmp_path / "iris.bento"), tmp_path / "unpacked")
    verify(unpacked)
    assert (unpacked.tag, unpacked.fingerprint) == (bundle.tag, bundle.fingerprint)


def test_the_manifest_comes_first_and_the_files_sorted_under_their_own_names(bundle, tmp_path):
    with packed(bundle, tmp_path / "out") as archive:
        assert archive.namelist() == ["bento.json", "README.md", "artifacts/model/model.json", "requirements.txt", "src/iris.py"]


def test_packing_gives_the_same_bytes_from_another_place_time_and_file_modes(make_bundle, tmp_path):
    first, second = make_bundle(tmp_path / "first"), make_bundle(tmp_path / "second")
    for path in second.path.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700)
    one, two = ArchivePacker().pack(first, tmp_path / "1.bento"), ArchivePacker().pack(second, tmp_path / "2.bento")
    assert one.read_bytes() == two.read_bytes()


def test_an_archive_tells_nothing_of_the_machine(bundle, tmp_path):
    with packed(bundle, tmp_path / "out") as archive:
        entries = archive.infolist()
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
        assert {entry.extra + entry.comment for entry in entries} == {b""}


def test_text_is_deflated_and_incompressible_files_are_stored(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", {"src/iris.py": b"import bento\n" * 100, "weights": NOISE, "empty": b""})
    with packed(bundle, tmp_path / "out") as archive:
        methods = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert methods == {"bento.json": 8, "src/iris.py": 8, "weights": 0, "empty": 0}


def test_a_text_header_does_not_make_weights_worth_deflating(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", {"model.safetensors": b'{"dtype": "F32"}' * 500 + NOISE})
    with packed(bundle, tmp_path / "out") as archive:
        assert archive.getinfo("model.safetensors").compress_type == zipfile.ZIP_STORED


def test_sizes_beyond_the_old_limits_of_zip_fit(make_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    bundle = make_bundle(tmp_path / "bundle", {"a": NOISE, "b": NOISE, "c": b""})
    out = ArchivePacker().pack(bundle, tmp_path / "iris.bento")
    assert b"PK\x06\x06" in out.read_bytes()
    verify(unpack_archive(out, tmp_path / "unpacked"))


def test_unpacking_tells_how_many_bytes_are_done(bundle, tmp_path):
    done: list[int] = []
    unpack_archive(ArchivePacker().pack(bundle, tmp_path / "out"), tmp_path / "unpacked", done.append)
    assert done == sorted(done)
    assert done[-1] == bundle.size + (bundle.path / "bento.json").stat().st_size


def test_names_in_any_script_survive(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", {"artifacts/model/größe-模型.txt": b"1"})
    verify(unpack_archive(ArchivePacker().pack(bundle, tmp_path / "out"), tmp_path / "unpacked"))


def test_an_out_that_exists_is_left_alone(bundle, tmp_path):
    out = tmp_path / "iris.bento"
    out.write_text("mine")
    with pytest.raises(PackerError) as caught:
        ArchivePacker().pack(bundle, out)
    assert str(caught.value) == f"{str(out)!r} exists: choose another name, or remove it first"
    assert out.read_text() == "mine"


def test_an_out_in_a_missing_folder_is_refused_by_name(bundle, tmp_path):
    out = tmp_path / "no" / "iris.bento"
    with pytest.raises(PackerError) as caught:
        ArchivePacker().pack(bundle, out)
    assert str(caught.value) == f"cannot write {str(out)!r}: there is no folder {str(out.parent)!r}, make it first"


def test_a_failure_says_which_file_and_leaves_nothing(bundle, tmp_path):
    (bundle.path / "src/iris.py").unlink()
    with pytest.raises(PackerError) as caught:
        ArchivePacker().pack(bundle, tmp_path / "iris.bento")
    missing = str(bundle.path / "src/iris.py")
    assert str(caught.value) == f"cannot write {str(tmp_path / 'iris.bento')!r}: [Errno 2] No such file or directory: {missing!r}"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_archive_is_unpacked_verified_and_served_elsewhere(scale, tmp_path, port, serving, asking):
    archive = ArchivePacker().pack(scale, tmp_path / "scale.bento")
    elsewhere = {**os.environ, "BENTO_HOME": str(tmp_path / "elsewhere")}
    for arguments in (["unpack", archive, "--trust"], ["verify", "scale"]):
        subprocess.run([BENTO, *arguments], env=elsewhere, check=True, stdout=subprocess.DEVNULL)
    with serving([BENTO, "serve", "scale", "--port", str(port)], port, elsewhere, tmp_path):
        assert asking(port, "/multiply", b"21") == (200, b"42.0")
