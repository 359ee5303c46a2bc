"""Errors and warnings of the command line: one sentence each, without characters that a terminal would obey."""

from __future__ import annotations

import logging
import traceback
from typing import IO, Any, Final

import click

from ..errors import BentoError
from ..plain import plain

_LOUD: Final = frozenset({"adlfs", "aiobotocore", "azure", "botocore", "fsspec", "gcsfs", "google", "paramiko", "s3fs"})
"""Libraries that log the errors that they raise, with tracebacks."""


class PlainFormatter(logging.Formatter):
    """Formats log records without characters that a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


class Failure(click.ClickException):
    """An error of a command, shown as a sentence, or with `debug` as its traceback."""

    def __init__(self, error: Exception, *, debug: bool) -> None:
        super().__init__(sentence(error) + ("" if is_explained(error) else " (--debug shows where)"))
        self._traceback = "".join(traceback.format_exception(error)) if debug else ""

    def show(self, file: IO[Any] | None = None) -> None:
        if self._traceback:
            click.echo(self._traceback, file, nl=False, err=True)
        else:
            super().show(file)


class NoAnswer(Failure):
    """An error of a command whose exit status is its answer: 1 means no, and 2 that there is no answer."""

    exit_code = 2


def is_told_once(record: logging.LogRecord) -> bool:
    """Whether a log record repeats no error that the command reports anyway."""
    return record.name.partition(".")[0] not in _LOUD


def sentence(error: BaseException) -> str:
    """An error in a sentence; one that is not bento's own is shown with its class.

    The message may hold text from anybody, so characters that a terminal would obey are escaped.
    """
    return plain(str(error) if isinstance(error, BentoError) else f"{type(error).__name__}: {error}")


def is_explained(error: Exception) -> bool:
    """Whether an error's sentence is enough: it is bento's own, and has no note on where it came from."""
    return isinstance(error, BentoError) and not any(getattr(error, "__notes__", ()))
