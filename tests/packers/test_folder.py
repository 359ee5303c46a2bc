from __future__ import annotations

import os
import subprocess

import pytest

from bento.bundle import open_bundle, verify
from bento.errors import PackerError
from bento.packers import FolderPacker
from commands import BENTO


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle")


def test_a_folder_is_the_bundle_again(bundle, tmp_path):
    copy = open_bundle(FolderPacker().pack(bundle, tmp_path / "copy"))
    verify(copy)
    assert (copy.tag, copy.fingerprint) == (bundle.tag, bundle.fingerprint)


@pytest.mark.parametrize("name", ["src/iris.py", "bento.json"])
def test_a_file_that_changes_after_it_was_verified_is_not_packed(bundle, tmp_path, name):
    (bundle.path / name).write_text("changed")
    with pytest.raises(PackerError) as caught:
        FolderPacker().pack(bundle, tmp_path / "copy")
    assert str(caught.value) == f"{str(bundle.path / name)!r} has changed since it was verified"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_is_verified_and_served_elsewhere(scale, tmp_path, port, serving, asking):
    folder = FolderPacker().pack(scale, tmp_path / "scale")
    elsewhere = {**os.environ, "BENTO_HOME": str(tmp_path / "elsewhere")}
    subprocess.run([BENTO, "verify", folder], env=elsewhere, check=True, stdout=subprocess.DEVNULL)
    with serving([BENTO, "serve", "./scale", "--trust", "--port", str(port)], port, elsewhere, tmp_path):
        assert asking(port, "/multiply", b"21") == (200, b"42.0")
