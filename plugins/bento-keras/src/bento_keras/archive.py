"""`.keras` files: written so that equal models give equal bytes, and checked before Keras opens them.

Source: Keras 3.15, `keras.saving`: an uncompressed zip of `metadata.json`, `config.json`, `model.weights.h5` and files in `assets/`.
Keras writes the time into the entries and into `metadata.json`; here the times are left out. `metadata.json`, which Keras does not read,
also records the back end.
"""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from bento import ArtifactError, type_name

from .back_end import BACK_ENDS
from .config import file_names, has_code, simplify, unknown_names
from .weights import check_weights, copy_weights

if TYPE_CHECKING:
    import keras

_METADATA = "metadata.json"
_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"
_ASSETS = "assets"
_ENTRIES = (_METADATA, _CONFIG, _WEIGHTS)
_PIECE = 1024 * 1024


def write(model: keras.Model, path: Path, custom: Collection[str]) -> None:
    """Write a model. An ArtifactError if it contains classes or functions other than Keras's own and those named in `custom`."""
    with TemporaryDirectory(dir=path.parent) as place:
        draft = Path(place, "draft.keras")
        try:
            model.save(draft)
        except Exception as error:
            raise ArtifactError(f"Keras cannot keep this {type_name(model)}: {type(error).__name__}: {error}") from error
        with ZipFile(draft) as source:
            config = json.loads(source.read(_CONFIG))
            simplify(config)
            _check_model(config, custom)
            with source.open(_WEIGHTS) as weights:
                copy_weights(weights, Path(place, _WEIGHTS))
            with ZipFile(path, "w") as target:
                target.writestr(ZipInfo(_METADATA), _metadata())
                target.writestr(ZipInfo(_CONFIG), json.dumps(config, separators=(",", ":")))
                _copy(Path(place, _WEIGHTS), target)
                for name in sorted(set(source.namelist()) - {*_ENTRIES}):
                    target.writestr(ZipInfo(name), source.read(name))


def saved_under(path: Path) -> str:
    """The back end that a file was written with. An ArtifactError if its entries are not as `write` makes them."""
    with _opened(path) as archive:
        _check_entries(archive.infolist(), path.stat().st_size)
        _check_sums(archive)
        back_end = json.loads(archive.read(_METADATA))["backend"]
        if back_end not in BACK_ENDS:
            raise ValueError(f"there is no back end {back_end!r}")
    return str(back_end)


def check_contents(path: Path, custom: Collection[str]) -> None:
    """Refuse, as an ArtifactError, a file with anything but plain weights and the names of Keras's data classes and of `custom`."""
    with _opened(path) as archive:
        config = json.loads(archive.read(_CONFIG))
        unknown, files = unknown_names(config, custom), file_names(config)
        with archive.open(_WEIGHTS) as weights:
            check_weights(weights, archive.getinfo(_WEIGHTS).file_size)
    if unknown:
        raise ArtifactError(f"{str(path)!r} names {', '.join(unknown)}, which is neither data of Keras's own nor in custom_objects")
    if files:
        raise ArtifactError(f"{str(path)!r} names the files {', '.join(files)}, which are not its own")


@contextmanager
def _opened(path: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(path) as archive:
            yield archive
    except Exception as error:
        # zipfile and HDF5 do not document what they raise for a damaged file. Neither executes what it reads.
        raise ArtifactError(f"{str(path)!r} is damaged: {error}") from error


def _check_model(config: Any, custom: Collection[str]) -> None:
    if has_code(config):
        raise ArtifactError(
            "the model has a lambda in it, whose code Keras would keep in the file and run from there: "
            "make it a function or a keras.Layer with a name, and name that in custom_objects"
        )
    unknown = unknown_names(config, custom)
    if unknown:
        raise ArtifactError(
            f"the model holds {', '.join(unknown)}, which is neither data of Keras's own nor in custom_objects: "
            "if you trust it, write KerasArtifact(custom_objects=[...]) with the class or function itself, or its name as in 'nets:Scale'"
        )
    if file_names(config):
        raise ArtifactError(
            f"the model reads its vocabulary from {file_names(config)[0]!r}, which does not go into the bundle: give it as a list"
        )


def _metadata() -> str:
    import keras

    return json.dumps({"backend": keras.backend.backend(), "keras_version": keras.__version__}, separators=(",", ":"))


def _copy(path: Path, target: ZipFile) -> None:
    with path.open("rb") as source, target.open(ZipInfo(path.name), "w", force_zip64=True) as entry:
        shutil.copyfileobj(source, entry, _PIECE)


def _check_entries(entries: list[ZipInfo], size: int) -> None:
    names = [entry.filename for entry in entries]
    for entry in entries:
        head, *parts = entry.filename.split("/")
        if entry.filename not in _ENTRIES and (head != _ASSETS or not parts or not {"", ".", ".."}.isdisjoint(parts)):
            raise ValueError(f"it has an entry {entry.filename!r}")
        if entry.is_dir() or stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ValueError(f"its entry {entry.filename!r} is not a file")
        if entry.compress_type != ZIP_STORED or entry.compress_size != entry.file_size:
            raise ValueError(f"its entry {entry.filename!r} is compressed")
    if len({*names}) != len(names) or not {*_ENTRIES} <= {*names}:
        raise ValueError(f"expected the entries {', '.join(_ENTRIES)} once each")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("its entries are larger than the file")


def _check_sums(archive: ZipFile) -> None:
    """Read every entry to its end, because zipfile compares the checksum only there."""
    for name in archive.namelist():
        with archive.open(name) as entry:
            while entry.read(_PIECE):
                pass
