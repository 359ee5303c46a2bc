"""Edits: files that have changed since this process imported them, as happens in a notebook: the process still runs the older version."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..service import defined

if TYPE_CHECKING:
    from ..service import Service
    from .model import Bundle

log = logging.getLogger(__name__)


def warn_of_saved(service: type[Service], files: Iterable[Path]) -> None:
    """Warn about files that have changed since the service was defined: the bundle gets newer ones than those that were tried."""
    for name in _edited(service, files):
        log.warning(
            "%s has changed since %s was defined: the bundle has it as it is now, and you may have tried it as it was before: "
            "import it again, or save in a fresh process",
            name,
            service.__name__,
        )


def warn_of_loaded(service: type[Service], bundle: Bundle, modules: Iterable[str]) -> None:
    """Warn about modules of a bundle that this process has from elsewhere and whose files have changed since: it may run older code."""
    files = [Path(getattr(sys.modules[name], "__file__", None) or "") for name in modules if name in sys.modules]
    for name in _edited(service, [file for file in files if not file.is_relative_to(bundle.path)]):
        log.warning(
            "%s has changed since %s was defined, and this process may run it as it was before, not as bundle %s has it: "
            "load the bundle in a fresh process",
            name,
            service.__name__,
            bundle.tag,
        )


def _edited(service: type[Service], files: Iterable[Path]) -> list[Path]:
    return sorted(file for file in files if file.suffix == ".py" and file.is_file() and file.stat().st_mtime_ns > defined(service))
