"""Any file or folder: the format for models without an artifact of their own, such as a tokenizer's folder."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from ..artifact import JSON, Artifact
from ..errors import ArtifactError, DefinitionError


class FileArtifact(Artifact[Path]):
    """Keeps a copy of the file or folder at a `Path`, under its own name. The loaded model is the absolute path of the copy.

    Only contents are kept: no permissions, no times, no empty folders. A link anywhere in the folder is refused, because it could bring
    in a file from elsewhere. If `suffix` is given, such as ".onnx", the name must end in it.
    """

    name = "file"

    def __init__(self, *, suffix: str | None = None) -> None:
        if suffix is not None and not (isinstance(suffix, str) and suffix.startswith(".") and suffix == Path(suffix).name):
            raise DefinitionError(f"expected FileArtifact(suffix=...) with the end of a file name like '.onnx', got {suffix!r}")
        self.suffix = suffix

    def save(self, model: Path, folder: Path) -> None:
        from shutil import copyfile

        source = model.resolve()
        if folder.resolve().is_relative_to(source):
            raise ArtifactError(f"cannot keep {str(model)!r}, which the bundle is written into: choose a folder that holds the model alone")
        self._check_suffix(source)
        files = list(_files(model))
        if not files:
            raise ArtifactError(f"the folder {str(model)!r} holds no files")
        for file in files:
            target = folder / source.name / file.relative_to(model)
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(file, target, follow_symlinks=False)

    def load(self, folder: Path) -> Path:
        try:
            found = sorted(folder.iterdir())
        except OSError as error:
            raise ArtifactError(f"cannot read {str(folder)!r}, which the model was saved in: {error.strerror}") from error
        if len(found) != 1:
            raise ArtifactError(f"expected one file or folder in {str(folder)!r}, got {len(found)}")
        self._check_suffix(found[0])
        if next(_files(found[0]), None) is None:
            raise ArtifactError(f"the folder {str(found[0])!r} holds no files")
        return found[0].absolute()

    def accepts(self, model: object) -> bool:
        return isinstance(model, Path)

    def advice(self, model: object) -> str:
        return f"pass it as pathlib.Path({model!r:.80})" if isinstance(model, str) else ""

    def options(self) -> dict[str, JSON]:
        return {} if self.suffix is None else {"suffix": self.suffix}

    def _check_suffix(self, path: Path) -> None:
        if self.suffix is not None and not path.name.endswith(self.suffix):
            raise ArtifactError(f"expected a name that ends in {self.suffix!r}, got {path.name!r}")


def _files(path: Path) -> Iterator[Path]:
    """`path` itself or every file under it, in order. A link, a device or a missing path is an ArtifactError."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ArtifactError(f"no file or folder {str(path)!r}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        for entry in sorted(path.iterdir()):
            yield from _files(entry)
    elif stat.S_ISREG(mode):
        yield path
    elif stat.S_ISLNK(mode):
        raise ArtifactError(f"{str(path)!r} is a link, which could lead anywhere: copy what it leads to in its place, as cp -rL does")
    else:
        raise ArtifactError(f"{str(path)!r} is neither a file nor a folder")
