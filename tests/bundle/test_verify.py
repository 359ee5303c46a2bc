from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bento.bundle import Bundle, open_bundle, verify
from bento.errors import BundleError

Writer = Callable[[dict[str, Any]], Bundle]
MODEL = "artifacts/model/model.json"


@pytest.fixture
def bundle(written: Writer, document: dict[str, Any]) -> Bundle:
    return written(document)


def sha256sum(path: Path) -> str:
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


def fault(bundle: Bundle) -> str:
    with pytest.raises(BundleError) as caught:
        verify(bundle)
    return str(caught.value)


def test_a_whole_bundle_is_fine(bundle: Bundle) -> None:
    verify(bundle)


def test_progress_counts_every_byte(bundle: Bundle) -> None:
    done: list[int] = []
    verify(bundle, done.append)
    assert done == sorted(done)
    assert done[-1] == bundle.size


def test_a_bundle_says_what_it_is(bundle: Bundle, tmp_path: Path) -> None:
    listing = "".join(f"{file.sha256}  {file.path}\n" for file in bundle.manifest.files)
    (tmp_path / "listing").write_text(listing)
    assert str(bundle.tag) == "iris:3"
    assert (bundle.name, bundle.version) == ("iris", "3")
    assert bundle.digest == sha256sum(tmp_path / "listing")
    assert bundle.fingerprint == sha256sum(bundle.path / "bento.json")


def test_a_changed_file_is_named(bundle: Bundle) -> None:
    content = (bundle.path / MODEL).read_bytes()
    (bundle.path / MODEL).write_bytes(content.replace(b"1", b"3"))
    assert fault(bundle) == "bundle iris:3 is damaged: 'artifacts/model/model.json' has changed"


def test_a_truncated_file_is_named(bundle: Bundle) -> None:
    os.truncate(bundle.path / MODEL, 5)
    assert fault(bundle) == "bundle iris:3 is damaged: 'artifacts/model/model.json' has 5 bytes, expected 19"


def test_a_missing_file_is_named(bundle: Bundle) -> None:
    (bundle.path / MODEL).unlink()
    assert fault(bundle) == "bundle iris:3 is damaged: 'artifacts/model/model.json' is missing"


@pytest.mark.parametrize("path", ["src/evil.py", "src/__pycache__", ".DS_Store", "artifacts/model/MODEL.json", "src/a\udcff"])
def test_an_extra_file_is_named_whatever_it_is(bundle: Bundle, path: str) -> None:
    (bundle.path / path).touch()
    assert fault(bundle) == f"bundle iris:3 is damaged: {path!r} is a file that bento.json does not list"


def test_an_empty_folder_is_named(bundle: Bundle) -> None:
    (bundle.path / "src/__pycache__").mkdir()
    assert fault(bundle) == "bundle iris:3 is damaged: 'src/__pycache__' is a folder that bento.json does not list"


def test_a_link_is_refused_even_if_it_leads_to_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.path / MODEL).rename(tmp_path / "model.json")
    (bundle.path / MODEL).symlink_to(tmp_path / "model.json")
    assert fault(bundle) == "bundle iris:3 is damaged: 'artifacts/model/model.json' is a link: only plain files belong there"


def test_a_linked_folder_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.path / "src").rename(tmp_path / "elsewhere")
    (bundle.path / "src").symlink_to(tmp_path / "elsewhere")
    assert fault(bundle) == "bundle iris:3 is damaged: 'src' is a link: only plain files belong there"


def test_a_pipe_is_refused_and_not_waited_for(bundle: Bundle) -> None:
    (bundle.path / MODEL).unlink()
    os.mkfifo(bundle.path / MODEL)
    assert fault(bundle) == "bundle iris:3 is damaged: 'artifacts/model/model.json' is a device or pipe: only plain files belong there"


def test_a_manifest_that_changed_after_it_was_read_is_refused(bundle: Bundle) -> None:
    with (bundle.path / "bento.json").open("a") as file:
        file.write(" ")
    assert fault(bundle) == "bundle iris:3 is damaged: 'bento.json' has changed since it was read"


def test_a_folder_without_a_manifest_is_not_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        open_bundle(tmp_path)
    assert str(caught.value) == f"{tmp_path} is not a bundle: it has no bento.json"


def test_a_manifest_that_is_a_link_is_not_read(bundle: Bundle, tmp_path: Path) -> None:
    (bundle.path / "bento.json").rename(tmp_path / "bento.json")
    (bundle.path / "bento.json").symlink_to(tmp_path / "bento.json")
    with pytest.raises(BundleError, match=r"^cannot read .*bento\.json: Too many levels of symbolic links$"):
        open_bundle(bundle.path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_manifest_that_is_not_a_file_is_not_read(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "bento.json")
    with pytest.raises(BundleError) as caught:
        open_bundle(tmp_path)
    assert str(caught.value) == f"cannot read {tmp_path / 'bento.json'}: Not a plain file"


def test_a_broken_manifest_is_named_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "bento.json").write_text("{}")
    with pytest.raises(BundleError) as caught:
        open_bundle(tmp_path)
    assert str(caught.value) == f"{tmp_path} is not a bundle: bento.json: expected the number of a format, got None - at $.format"


def test_a_bundle_that_vanishes_is_named(bundle: Bundle, tmp_path: Path) -> None:
    def vanish(done: int) -> None:
        if bundle.path.exists():
            bundle.path.rename(tmp_path / "gone")

    with pytest.raises(BundleError) as caught:
        verify(bundle, vanish)
    assert str(caught.value) == (
        f"cannot verify bundle iris:3: [Errno 2] No such file or directory: '{bundle.path}/artifacts/model/model.json'"
    )
