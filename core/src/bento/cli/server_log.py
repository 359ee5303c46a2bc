"""The log of a server that the command line starts, as text or JSON, with the warnings and errors that Python itself would print.

A message may hold text from a client, as in the error of an api. The text is escaped and indented so that it cannot forge a line of the
log.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from ..plain import cropped
from .errors import PlainFormatter, is_explained, sentence
from .journal import JournalFormatter, reads_errors

log = logging.getLogger("bento.serving")


class TextFormatter(PlainFormatter):
    """Formats a log record as a line that begins with the time, and indents its further lines, such as those of a traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the library's
        return cropped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is the library's
        return cropped(super().formatException(ei))

    def format(self, record: logging.LogRecord) -> str:
        return "\n  ".join(super().format(record).splitlines())


@contextmanager
def server_log(*, as_json: bool) -> Iterator[None]:
    """Log with times; as JSON or to the journal, the error that ends the server is logged as well."""
    formatter = _json() if as_json else TextFormatter()
    formatter.converter = time.gmtime
    to_journal = reads_errors()
    if to_journal:
        formatter = JournalFormatter(formatter)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
    logging.getLogger("bento").setLevel(logging.INFO)
    with _logging_what_python_says():
        try:
            yield
        except click.ClickException:
            raise
        except Exception as error:
            if not (as_json or to_journal):
                raise
            log.critical("%s", sentence(error), exc_info=not is_explained(error))
            raise click.exceptions.Exit(1) from error


def _json() -> logging.Formatter:
    from ..serving.logs import JsonFormatter

    return JsonFormatter()


@contextmanager
def _logging_what_python_says() -> Iterator[None]:
    """Log warnings, errors that end a thread, and errors that cannot be raised, which Python would print unformatted."""
    before = threading.excepthook, sys.unraisablehook
    logging.captureWarnings(capture=True)
    threading.excepthook, sys.unraisablehook = _log_thread, _log_unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before
        logging.captureWarnings(capture=False)


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_type is SystemExit:
        return
    name = failed.thread.name if failed.thread else "unknown"
    error = failed.exc_value
    log.error("thread %s failed: %s: %s", name, failed.exc_type.__name__, error, exc_info=error)


def _log_unraisable(failed: sys.UnraisableHookArgs) -> None:
    where = failed.err_msg or "ignored in"
    log.warning("%s %r: %s: %s", where, failed.object, failed.exc_type.__name__, failed.exc_value, exc_info=failed.exc_value)
