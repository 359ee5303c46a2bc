"""Text: a prompt, a template, a grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..artifact import Artifact
from ..errors import ArtifactError
from .files import slot_file

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "model.txt"


class TextArtifact(Artifact[str]):
    """Keeps a `str` as UTF-8, with its line ends unchanged."""

    name = "text"

    def save(self, model: str, folder: Path) -> None:
        try:
            (folder / _FILE).write_bytes(model.encode())
        except UnicodeEncodeError as error:
            raise ArtifactError(
                f"expected text, got {model[error.start]!r} at index {error.start}: half a surrogate pair is not a character"
            ) from error

    def load(self, folder: Path) -> str:
        path = slot_file(folder, _FILE)
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise ArtifactError(f"{str(path)!r} is not UTF-8 text: {error}") from error

    def accepts(self, model: object) -> bool:
        return type(model) is str
