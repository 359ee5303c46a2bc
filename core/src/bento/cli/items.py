"""The inputs of `bento run`: values, files and standard input, each read when its turn comes."""

from __future__ import annotations

import mimetypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import BadInput
from ..payload import Payload

STDIN = "-"

_OF_LINES: Final = (".jsonl", ".ndjson")

# Suffixes whose registered media type is not the one that adapters use, or that the standard library does not know.
_MEDIA_TYPES = {
    ".arrow": "application/vnd.apache.arrow.stream",
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/json",
    ".msgpack": "application/msgpack",
    ".ndjson": "application/json",
    ".npy": "application/x-npy",
    ".parquet": "application/vnd.apache.parquet",
    ".txt": "text/plain",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One input, not yet read. If `content_type` is empty, the file's suffix or the adapter's first media type decides."""

    text: str
    is_file: bool
    content_type: str

    @property
    def label(self) -> str:
        return f" ({self.text})" if self.is_file and self.text != STDIN else ""

    @property
    def hint(self) -> str:
        """What to say if the item is refused and looks like a mistake; otherwise empty."""
        if self.is_file and Path(self.text).suffix.lower() in _OF_LINES:
            return f": did you mean --input-lines {self.text}"
        # A value may be longer than any path, for which pathlib would raise an error.
        slip = not self.is_file and os.path.isfile(self.text)  # noqa: PTH113
        return f": did you mean --input-file {self.text}" if slip else ""

    def read(self) -> Payload:
        """The payload; a file that cannot be read is a BadInput."""
        if self.text == STDIN:
            return Payload.of(sys.stdin.buffer.read(), self.content_type)
        if not self.is_file:
            return Payload.of(os.fsencode(self.text), self.content_type)
        path = Path(self.text)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot read {self.text!r}: {error.strerror}") from error
        return Payload.of(content, self.content_type or media_type_of(path), path.name)


def media_type_of(path: Path) -> str:
    """The media type of a file by its suffix, or an empty text."""
    suffix = path.suffix.lower()
    return _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or ""
