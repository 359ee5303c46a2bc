"""Errors and warnings as the command line tells them: a sentence each, that a terminal obeys nothing in."""

from __future__ import annotations

import logging
import traceback
from typing import IO, Any, Final

import click

from ..errors import BentoError
from ..plain import plain

_LOUD: Final = frozenset({"adlfs", "aiobotocore", "azure", "botocore", "fsspec", "gcsfs", "google", "paramiko", "s3fs"})
"""Libraries that log, with tracebacks, what they raise."""


class PlainFormatter(logging.Formatter):
    """Formats what is logged so that a terminal shows it, and obeys nothing in it."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


class Failure(click.ClickException):
    """What a command raised: a sentence, or its traceback to who debugs."""

    def __init__(self, error: Exception, *, debug: bool) -> None:
        super().__init__(sentence(error) + ("" if is_explained(error) else " (--debug shows where)"))
        self._traceback = "".join(traceback.format_exception(error)) if debug else ""

    def show(self, file: IO[Any] | None = None) -> None:
        if self._traceback:
            click.echo(self._traceback, file, nl=False, err=True)
        else:
            super().show(file)


class NoAnswer(Failure):
    """The same of a command whose exit status is its answer: 1 is no, and this neither."""

    exit_code = 2


def is_told_once(record: logging.LogRecord) -> bool:
    """Whether what is logged is nothing that an error tells as well."""
    return record.name.partition(".")[0] not in _LOUD


def sentence(error: BaseException) -> str:
    """An error as it is told without a traceback; one that nobody foresaw is told with its class.

    What is in it may come from anybody, and a terminal obeys what it is shown.
    """
    return plain(str(error) if isinstance(error, BentoError) else f"{type(error).__name__}: {error}")


def is_explained(error: Exception) -> bool:
    """Whether an error's sentence says it all: it is bento's own, and has no note on where it came from."""
    return isinstance(error, BentoError) and not any(getattr(error, "__notes__", ()))
