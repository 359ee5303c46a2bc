"""Errors and warnings as the command line tells them: a sentence each, that a terminal obeys nothing in."""

from __future__ import annotations

import logging
from typing import Final

from ..errors import BentoError
from ..plain import plain

_LOUD: Final = frozenset({"adlfs", "aiobotocore", "azure", "botocore", "fsspec", "gcsfs", "google", "paramiko", "s3fs"})
"""Libraries that log, with tracebacks, what they raise."""


class PlainFormatter(logging.Formatter):
    """Formats what is logged so that a terminal shows it, and obeys nothing in it."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def is_told_once(record: logging.LogRecord) -> bool:
    """Whether what is logged is not told by an error as well."""
    return record.name.partition(".")[0] not in _LOUD


def sentence(error: BaseException) -> str:
    """An error as it is told without a traceback; one that nobody foresaw is told with its class.

    What is in it may come from anybody, and a terminal obeys what it is shown.
    """
    return plain(str(error) if isinstance(error, BentoError) else f"{type(error).__name__}: {error}")


def is_explained(error: Exception) -> bool:
    """Whether an error's sentence says it all: it is bento's own, and has no note on where it came from."""
    return isinstance(error, BentoError) and not any(getattr(error, "__notes__", ()))
