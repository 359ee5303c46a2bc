"""systemd's journal, where each line may state its priority. Source: sd-daemon(3); systemd.exec(5), JOURNAL_STREAM."""

from __future__ import annotations

import logging
import os
from typing import Final

_PRIORITIES: Final = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}
_DEBUG: Final = 7


class JournalFormatter(logging.Formatter):
    """Formats as another formatter does, and begins every line with its priority: the journal makes each line an entry."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        priority = next((priority for level, priority in _PRIORITIES.items() if record.levelno >= level), _DEBUG)
        return "\n".join(f"<{priority}>{line}" for line in self._formatter.format(record).split("\n"))


def reads_errors() -> bool:
    """Whether the journal reads standard error, and not a terminal, a file or a pipe to which it was redirected."""
    status = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
