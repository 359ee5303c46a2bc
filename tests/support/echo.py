"""A service that gives back what it gets: for tests to import, and to copy as the `app.py` of a project."""

from __future__ import annotations

import shutil
from pathlib import Path

import bento
from bento.adapters import JsonAdapter


class Echo(bento.Service):
    """Gives back what it gets."""

    @bento.api(input=JsonAdapter())
    def predict(self, value):
        return value

    @bento.api(input=JsonAdapter())
    def count(self, value):
        yield from range(value)


service = Echo()


def write_app(project: Path) -> None:
    """Make it the `app.py` of a project."""
    shutil.copyfile(__file__, project / "app.py")
