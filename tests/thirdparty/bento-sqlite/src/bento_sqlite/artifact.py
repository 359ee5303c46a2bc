"""Databases, kept as the file that SQLite itself writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bento import Artifact, ArtifactError
from bento.artifacts import slot_file

_FILE = "database.sqlite"


class SqliteArtifact(Artifact[sqlite3.Connection]):
    """Keeps the main database of a connection. What is loaded is read-only, in memory, and may be used by any thread."""

    name = "sqlite"

    def save(self, model: sqlite3.Connection, folder: Path) -> None:
        (folder / _FILE).write_bytes(model.serialize())

    def load(self, folder: Path) -> sqlite3.Connection:
        content = slot_file(folder, _FILE).read_bytes()
        database = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            database.deserialize(content)
            (said,) = database.execute("pragma integrity_check(1)").fetchone()
            database.execute("pragma query_only = true")
        except (sqlite3.Error, MemoryError) as error:  # it raises MemoryError for an empty file
            database.close()
            raise ArtifactError(f"{_FILE!r} is not an SQLite database: {error or 'it is empty'}") from error
        if said != "ok":
            database.close()
            raise ArtifactError(f"{_FILE!r} is damaged: {said}")
        return database

    def accepts(self, model: object) -> bool:
        return type(model) is sqlite3.Connection
