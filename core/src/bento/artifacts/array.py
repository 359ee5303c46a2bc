"""NumPy arrays, mapped from their files: every process that loads a bundle shares the same pages."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..artifact import Artifact, instance_of
from ..errors import ArtifactError
from . import npy
from .files import slot_file

if TYPE_CHECKING:
    import mmap
    import zipfile
    from pathlib import Path

    from numpy.typing import NDArray

_ONE = "model.npy"
_MANY = "model.npz"
_SUFFIX = ".npy"
# Source: PKWARE's APPNOTE.TXT, 4.3.7 (local file header), 4.4.5 (0: stored), 4.5.1 (extra fields), 4.5.3 (Zip64, 20 bytes).
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
_STORED = 0
_EXTRA = struct.Struct("<HH")
_ZIP64_SIZE = 20
_PADDING_ID = 0x4F42
_ALIGNMENT = 64


# A slot holds an array or a dict of arrays. With `Any` in the union, a type checker does not ask which one before every use.
class ArrayArtifact(Artifact["NDArray[Any] | Any"]):
    """Keeps an array, or a dict of named arrays, of any dtype without Python objects: values, dtype, shape and memory order.

    A single array is saved as `model.npy`, a dict as an uncompressed `model.npz`; NumPy can read both without bento. Loaded arrays are
    read-only and mapped: loading takes no memory until a value is used. A dict comes back with its keys sorted.
    """

    name = "array"

    def save(self, model: NDArray[Any] | Any, folder: Path) -> None:
        if isinstance(model, Mapping):
            _write_many(folder / _MANY, model)
        else:
            with (folder / _ONE).open("wb") as file:
                npy.write(file, model, "the array")

    def load(self, folder: Path) -> NDArray[Any] | Mapping[str, NDArray[Any]]:
        many = (folder / _MANY).exists()
        path = slot_file(folder, _MANY if many else _ONE)
        try:
            mapped = npy.map_file(path)
            return dict(_read_many(path, mapped)) if many else npy.view(mapped, 0, len(mapped))
        except Exception as error:
            # A damaged header makes zipfile and NumPy raise nearly anything; neither executes what it reads.
            raise ArtifactError(f"{str(path)!r} holds no arrays that bento wrote: {error}") from error

    def accepts(self, model: object) -> bool:
        if type(model) is dict:
            return all(type(name) is str and _is_array(value) for name, value in model.items())
        return _is_array(model)

    def requirements(self) -> list[str]:
        return ["numpy"]


def _is_array(value: object) -> bool:
    """Whether a value is a plain array. Subclasses, such as masked arrays, would come back as plain arrays, without what they add."""
    return instance_of(value, "numpy", "ndarray") and type(value).__name__ in ("ndarray", "memmap")


def _write_many(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    import zipfile

    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name in sorted(arrays):
            with archive.open(_entry(name, file.tell()), "w", force_zip64=True) as member:
                npy.write(member, arrays[name], f"the array {name!r}")


def _entry(name: str, position: int) -> zipfile.ZipInfo:
    """A zip entry whose contents start at a multiple of 64 bytes, so that the arrays mapped from it are aligned."""
    import zipfile

    entry = zipfile.ZipInfo(name + _SUFFIX)
    if entry.filename != name + _SUFFIX:
        raise ArtifactError(f"{name!r} cannot name an array: expected a text without a null character")
    start = position + _LOCAL_HEADER.size + len(entry.filename.encode()) + _ZIP64_SIZE + _EXTRA.size
    padding = bytes(-start % _ALIGNMENT)
    entry.extra = _EXTRA.pack(_PADDING_ID, len(padding)) + padding
    return entry


def _read_many(path: Path, mapped: mmap.mmap) -> Iterator[tuple[str, NDArray[Any]]]:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names) or not all(name.endswith(_SUFFIX) for name in names):
        raise ValueError(f"expected .npy files, each with a name of its own, got {names}")
    for entry in entries:
        start = _contents(entry, mapped)
        yield entry.filename.removesuffix(_SUFFIX), npy.view(mapped, start, start + entry.file_size)


def _contents(entry: zipfile.ZipInfo, mapped: mmap.mmap) -> int:
    """Where the contents of an entry start."""
    if entry.compress_type != _STORED or entry.compress_size != entry.file_size:
        raise ValueError(f"{entry.filename!r} is compressed, so it cannot be mapped")
    signature: bytes
    name: int
    extra: int
    signature, name, extra = _LOCAL_HEADER.unpack_from(mapped, entry.header_offset)
    if signature != _SIGNATURE:
        raise ValueError(f"{entry.filename!r} is not where the archive's directory says")
    return entry.header_offset + _LOCAL_HEADER.size + name + extra
