"""The log of a server that the command line starts: as text or JSON, with what Python itself would write beside it.

What a client sends may be in any message, as in what an api raises. No line of the log is anybody's but the server's own, all the same.
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
    """Formats what is logged as a line that begins with the time, and indents what further lines it has, as of a traceback."""

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
    """Log with times; as JSON, or to the journal, all there is to say, with the error that ends the server."""
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
    """Log warnings, and what ends a thread or is raised where nobody can be told, which Python writes as it is."""
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
