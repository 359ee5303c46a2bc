"""SQLite databases as models, and CSV, for bento."""

from __future__ import annotations

from typing import Any

import bento

from .adapter import CsvAdapter
from .artifact import SqliteArtifact
from .packer import FilesPacker

__all__ = ["CsvAdapter", "FilesPacker", "SqliteArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[bento.Artifact[Any]]]:
    return [SqliteArtifact]


@bento.hookimpl
def bento_register_adapters() -> list[type[bento.Adapter[Any]]]:
    return [CsvAdapter]


@bento.hookimpl
def bento_register_packers() -> list[type[bento.Packer]]:
    return [FilesPacker]
