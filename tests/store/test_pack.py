from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import pytest

from bento.errors import BundleError, PackerError, PluginError
from bento.packer import Packer
from bento.packers import ArchivePacker, DockerPacker, create
from bento.store import pack
from every_packer import PACKERS


class BrokenPacker(Packer):
    name = "broken"
    summary = "writes a little, then fails"

    def __init__(self, write):
        self.write = write

    def pack(self, bundle, out):
        self.write(out)
        raise RuntimeError("broken")


class LatePacker(Packer):
    name = "late"
    summary = "writes what somebody else has written meanwhile"

    def __init__(self, write):
        self.write = write

    def pack(self, bundle, out):
        with create(out) as draft:
            self.write(draft)
            out.write_text("mine")
        return out


def test_a_packer_is_named_and_its_options_are_texts(store, service, tmp_path):
    store.save(service, version="3")
    assert zipfile.is_zipfile(pack("iris:3", "archive", tmp_path / "iris.bento", store=store))
    written = pack("iris:3", "docker", str(tmp_path / "image"), store=store, base_image="debian:12")
    assert "\nFROM debian:12\n" in (written / "Dockerfile").read_text()


def test_a_packer_may_be_given_ready_made_and_a_bundle_too(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    for target, name in ((bundle, "a"), (bundle.path, "b")):
        assert pack(target, DockerPacker(base_image="debian:12"), tmp_path / name) == tmp_path / name


def test_a_ready_made_packer_takes_no_options(make_bundle, tmp_path):
    with pytest.raises(PackerError) as caught:
        pack(make_bundle(tmp_path / "bundle"), DockerPacker(), tmp_path / "image", base_image="debian:12")
    assert str(caught.value) == "got a DockerPacker and options for it, base_image: give them to its constructor"


@pytest.mark.parametrize(("packer", "known"), [("docker", "base_image=..., gpu=..."), ("archive", "none")])
def test_an_unknown_option_is_refused_with_the_known_ones(make_bundle, tmp_path, packer, known):
    with pytest.raises(PackerError) as caught:
        pack(make_bundle(tmp_path / "bundle"), packer, tmp_path / "out", base="debian:12")
    assert str(caught.value) == f"wrong options for packer {packer!r}: got an unexpected keyword argument 'base' - its options are {known}"


def test_an_unknown_packer_is_refused_with_the_known_ones(make_bundle, tmp_path):
    with pytest.raises(
        PluginError, match=r"no packer named 'dokcer'\n  installed: archive, docker, folder, heroku, lambda, oci, sagemaker, systemd, wheel"
    ):
        pack(make_bundle(tmp_path / "bundle"), "dokcer", tmp_path / "out")


def test_a_damaged_bundle_is_not_packed(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    (bundle.path / "src/extra.py").touch()
    with pytest.raises(BundleError) as caught:
        pack(bundle, "archive", tmp_path / "out")
    assert str(caught.value) == "bundle iris:3 is damaged: 'src/extra.py' is a file that bento.json does not list"
    assert not (tmp_path / "out").exists()


def test_an_out_that_exists_is_refused_before_the_bundle_is_looked_for(store, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(PackerError, match="exists: choose another name"):
        pack("iris:3", "archive", tmp_path / "out", store=store)


def test_a_file_written_to_out_while_the_bundle_is_verified_is_not_overwritten(make_bundle, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(PackerError, match="exists: choose another name"):
        pack(make_bundle(tmp_path / "bundle"), "archive", out, progress=lambda _: out.write_text("mine"))
    assert out.read_text() == "mine"


@pytest.mark.parametrize("write", [Path.touch, Path.mkdir])
def test_a_file_written_to_out_while_a_packer_is_at_work_is_not_overwritten(make_bundle, tmp_path, write):
    with pytest.raises(PackerError, match="exists: choose another name"):
        pack(make_bundle(tmp_path / "bundle"), LatePacker(write), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "out"]


@pytest.mark.parametrize("write", [Path.touch, Path.mkdir])
def test_a_packer_can_write_to_a_file_system_without_hard_links(tmp_path, monkeypatch, write):
    def link(_source, _target):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", link)
    with create(tmp_path / "out") as draft:
        write(draft)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("packer", [each for each in PACKERS if each.name != "sagemaker"], ids=lambda packer: packer.name)
def test_a_packer_needs_space_only_on_the_file_system_of_its_output(make_bundle, tmp_path, monkeypatch, packer):
    bundle = make_bundle(tmp_path / "bundle")
    # The folder for temporary files, which is in memory on many machines.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    pack(bundle, packer, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "out"]


def test_a_packer_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(PackerError, match=r"cannot write '.*/out': \[Errno 2\]"), create(tmp_path / "out"):
        pass


@pytest.mark.parametrize("write", [Path.touch, Path.mkdir, lambda out: None])
def test_a_packer_that_fails_leaves_nothing(make_bundle, tmp_path, write):
    bundle = make_bundle(tmp_path / "bundle")
    with pytest.raises(RuntimeError, match="broken"):
        pack(bundle, BrokenPacker(write), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_untrusted_bundle_can_be_packed(make_bundle, tmp_path):
    assert isinstance(pack(make_bundle(tmp_path / "bundle"), ArchivePacker(), tmp_path / "out"), Path)
