"""Any Python object, as a pickle: for objects that no other format can keep. The price is that loading can run code."""

from __future__ import annotations

import mmap
import pickle
from contextlib import contextmanager
from types import AsyncGeneratorType, BuiltinFunctionType, CoroutineType, FunctionType, GeneratorType, ModuleType
from typing import TYPE_CHECKING, Any

from ..artifact import Artifact, type_name
from ..errors import ArtifactError
from .files import slot_file
from .json import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_STREAM = "model.pickle"
_BUFFERS = "buffers.bin"
_INDEX = "index.json"
_SCRIPT = "__main__"
_AT_THE_TOP = "so define them at the top of a module instead of in a function or as a lambda"
_ANEW = "and this module has been imported again since then: make the model again"
_ALIGNMENT = 64
_SMALLEST = 4096
"""In bytes; a smaller buffer stays in the stream."""


class PickleArtifact(Artifact[Any]):
    """Keeps any object that `pickle` can write. Loading a pickle can run any code, so a bundle that holds one has to be trusted.

    Large buffers, such as those of arrays, lie in a separate file that is mapped copy-on-write: processes share the pages that they only
    read. A damaged stream is refused before any of it is unpickled.
    """

    name = "pickle"
    runs_code = True

    def save(self, model: Any, folder: Path) -> None:
        buffers: list[pickle.PickleBuffer] = []
        stream = _dump(model, buffers)
        if _SCRIPT.encode() in stream:
            _check_no_script(model)
        (folder / _STREAM).write_bytes(stream)
        sizes = _write_buffers(folder / _BUFFERS, buffers)
        write_json(folder / _INDEX, {"sha256": _sha256(stream), "buffers": [*sizes]})

    def load(self, folder: Path) -> Any:
        stream = slot_file(folder, _STREAM).read_bytes()
        digest, sizes = _read_index(slot_file(folder, _INDEX))
        if _sha256(stream) != digest:
            raise ArtifactError(f"{str(folder / _STREAM)!r} is damaged: it is not what its {_INDEX} describes")
        buffers = _map_buffers(slot_file(folder, _BUFFERS), sizes) if sizes else []
        try:
            return pickle.loads(stream, buffers=buffers)  # noqa: S301 - the format says so: runs_code
        except Exception as error:
            raise ArtifactError(f"cannot unpickle {str(folder / _STREAM)!r}: {type(error).__name__}: {error}") from error

    def modules_of(self, model: Any) -> list[str]:
        return sorted({value.__module__ for value in _named(model)} - {None})

    def accepts(self, model: object) -> bool:
        return not isinstance(model, ModuleType | GeneratorType | CoroutineType | AsyncGeneratorType)


def _sha256(stream: bytes) -> str:
    from hashlib import sha256

    return sha256(stream).hexdigest()


def _dump(model: object, buffers: list[pickle.PickleBuffer]) -> bytes:
    def stays(buffer: pickle.PickleBuffer) -> bool:
        if buffer.raw().nbytes < _SMALLEST:
            return True
        buffers.append(buffer)
        return False

    with _refusing(model):
        return pickle.dumps(model, protocol=5, buffer_callback=stays)


@contextmanager
def _refusing(model: object) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        way = _ANEW if "not the same object" in str(error) else _AT_THE_TOP
        raise ArtifactError(f"cannot pickle the {type_name(model)}: {error}: functions and classes are pickled by name, {way}") from error


class _Names(pickle.Pickler):
    """Writes nothing, but collects the classes and functions that a pickle refers to by name only."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=5, buffer_callback=lambda _: None)
        self.named: list[type | FunctionType | BuiltinFunctionType] = []

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, type | FunctionType | BuiltinFunctionType):
            self.named.append(value)
        return NotImplemented


class _Nowhere:
    def write(self, written: bytes) -> int:
        return len(written)


def _named(model: object) -> list[type | FunctionType | BuiltinFunctionType]:
    """The classes and functions that the pickle of a model refers to by name."""
    names = _Names()
    with _refusing(model):
        names.dump(model)
    return names.named


def _check_no_script(model: object) -> None:
    """Refuse classes and functions that are defined in the running script, because no other process could import them."""
    for value in _named(model):
        if value.__module__ == _SCRIPT:
            raise ArtifactError(
                f"{value.__qualname__} is defined in the running script or notebook, which no bundle can import: move it to a module"
            )


def _write_buffers(path: Path, buffers: Sequence[pickle.PickleBuffer]) -> list[int]:
    if buffers:
        with path.open("wb") as file:
            for buffer in buffers:
                file.write(buffer.raw())
                file.write(bytes(-file.tell() % _ALIGNMENT))
    return [buffer.raw().nbytes for buffer in buffers]


def _read_index(path: Path) -> tuple[str, list[int]]:
    match read_json(path):
        case {"sha256": str(digest), "buffers": list(sizes)} if all(type(size) is int and size > 0 for size in sizes):
            return digest, [size for size in sizes if isinstance(size, int)]
    raise ArtifactError(f"{str(path)!r} is damaged: expected a digest and the sizes of the buffers")


def _map_buffers(path: Path, sizes: Sequence[int]) -> list[memoryview]:
    """The buffers in a file, mapped. Writing to a buffer changes only this process's copy of its pages."""
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size + -size % _ALIGNMENT)
    if path.stat().st_size != starts[-1]:
        raise ArtifactError(f"{str(path)!r} is damaged: it has {path.stat().st_size} bytes, not the {starts[-1]} that the buffers take")
    with path.open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    return [mapped[start : start + size] for start, size in zip(starts, sizes, strict=False)]
