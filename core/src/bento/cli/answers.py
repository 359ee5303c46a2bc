"""The outputs of `bento run`: a line for each answer on standard output, or the answers in a file."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from ..errors import BadInput
from .items import STDIN, media_type_of

if TYPE_CHECKING:
    from ..serving.calls.answer import Answer

STDOUT = "-"
LINES = "application/jsonl"
_TEXT_FIRST = "application/json, text/*;q=0.9, */*;q=0.1"


class Answers:
    """Writes answers in order. If there are several, each takes one line, even a stream, and a failed one leaves its line empty."""

    def __init__(self, path: Path | None, *, several: bool) -> None:
        self._path = path
        self._several = several
        self._kept: list[bytes] = []
        self._wanted = media_type_of(path) if path else ""
        self.accept = self._wanted or _TEXT_FIRST

    def line(self, reply: Answer) -> bytes:
        """An answer as it is written; one that fits neither a line nor the file is a BadInput.

        If the api does not write the type that the file's suffix says, a warning is printed once.
        """
        body = self._body(reply)
        if not _fits(_media_type(reply), self._wanted):
            click.echo(f"{self._path} holds {_media_type(reply)}: the api does not write {self._wanted}", err=True)
            self._wanted = ""
        return body

    def put(self, line: bytes) -> None:
        """Print a line, or keep it for the file."""
        if self._path is None:
            self._print(line)
        else:
            self._kept.append(line)

    def skip(self) -> None:
        """Leave the line of an answer empty."""
        if self._several and self._path is None:
            self._print(b"\n")
        elif self._several:
            self._kept.append(b"\n")

    def close(self) -> None:
        """Write the file, an empty one for an empty answer; a file that cannot be written ends the command."""
        if self._path and self._kept:
            try:
                self._path.write_bytes(b"".join(self._kept))
            except OSError as error:
                raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> click.ClickException:
        return click.ClickException(f"cannot write {str(self._path)!r}: {error.strerror}")

    def _body(self, reply: Answer) -> bytes:
        body = reply.body
        if not _is_text(_media_type(reply)):
            if self._several or (self._path is None and sys.stdout.isatty()):
                raise BadInput(f"the answer is {reply.media_type}, which is not a line of text: ask for one at a time, with --output FILE")
            return body
        if self._several and _media_type(reply) == LINES:
            body = b"[" + b",".join(body.splitlines()) + b"]"
        elif self._several and b"\n" in body:
            body = json.dumps(body.decode(), ensure_ascii=False).encode()
        alone_in_a_file = self._path is not None and not self._several
        return body if alone_in_a_file or body.endswith(b"\n") else body + b"\n"

    def _print(self, body: bytes) -> None:
        click.echo(body, nl=False)


class LineAnswers(Answers):
    """Any number of answers, each on one line; `flush` writes those that were taken."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path, several=True)
        try:
            self._file = path.open("wb") if path else None
        except OSError as error:
            raise self._not_written(error) from error

    def take(self, outcome: Answer | BaseException) -> BaseException | None:
        """Take an answer, or leave its line empty and return the error."""
        line: bytes | BaseException = outcome if isinstance(outcome, BaseException) else self._line_or_error(outcome)
        if isinstance(line, bytes):
            self._kept.append(line)
            return None
        self._kept.append(b"\n")
        return line

    def _line_or_error(self, reply: Answer) -> bytes | Exception:
        try:
            return self.line(reply)
        except Exception as error:  # noqa: BLE001 - the caller reports it
            return error

    def flush(self) -> None:
        """Write the answers that were taken; an error of the disk ends the command."""
        content = b"".join(self._kept)
        self._kept.clear()
        if self._file is None:
            self._print(content)
            return
        try:
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise self._not_written(error) from error

    def close(self) -> None:
        """Close the file; `flush` has already reported a full disk."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


def check_lines(path: Path | None, sources: Sequence[str]) -> None:
    """Refuse an output file that cannot hold a line for each answer, or that is one of the input files."""
    media_type = media_type_of(path) if path else ""
    if media_type and not _is_text(media_type):
        raise click.UsageError(f"a file of {media_type} cannot hold a line for each answer: name one such as --output answers.jsonl")
    for source in sources:
        if _is_written(path, source):
            written = str(path or ("standard input" if source == STDIN else source))
            raise click.UsageError(f"{written!r} would be written while it is read: name another --output")


def output_place(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """The path to write answers to, None for standard output; a missing folder is an error before any api is called."""
    if path is None or str(path) == STDOUT:
        return None
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}: make it first")
    return path


def _is_written(path: Path | None, source: str) -> bool:
    """Whether the file at a path, or behind standard output if there is none, is the one that lines are read from.

    A terminal may be both of the standard streams.
    """
    written = _status(path, sys.stdout)
    read = _status(None if source == STDIN else Path(source), sys.stdin)
    if not (written and read and os.path.samestat(written, read)):
        return False
    return stat.S_ISREG(read.st_mode) or (path is not None and source != STDIN)


def _status(path: Path | None, stream: TextIO | None) -> os.stat_result | None:
    """The status of the file at a path, or behind a standard stream if there is no path; None if there is no such file."""
    if path:
        return path.stat() if path.exists() else None
    try:
        return os.fstat(stream.fileno()) if stream else None
    except io.UnsupportedOperation:  # a caller has replaced the stream by one without a file
        return None


def _fits(media_type: str, wanted: str) -> bool:
    """Whether a file of the `wanted` type may hold an answer of another: plain text holds any text, and JSON also lines of JSON."""
    return wanted in ("", media_type) or ("json" in wanted and "json" in media_type) or (wanted == "text/plain" and _is_text(media_type))


def _media_type(reply: Answer) -> str:
    return reply.media_type.partition(";")[0].strip()


def _is_text(media_type: str) -> bool:
    return media_type == LINES or media_type.startswith("text/") or media_type.endswith(("/json", "+json"))
