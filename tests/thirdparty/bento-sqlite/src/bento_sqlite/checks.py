"""The test classes of this plugin."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bento.testing import AdapterTests, ArtifactTests, PackerTests, strategies

from .adapter import CsvAdapter, Row
from .artifact import SqliteArtifact
from .packer import FilesPacker


class TestSqliteArtifact(ArtifactTests):
    artifact = SqliteArtifact()

    def model(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:")
        database.executescript("create table dishes (name, price); insert into dishes values ('tea', 3), ('cake', 5)")
        return database

    def inputs(self) -> str:
        return "tea"

    def predict(self, model: sqlite3.Connection, inputs: str) -> Any:
        return model.execute("select price from dishes where name = ?", (inputs,)).fetchall()


class TestCsvAdapter(AdapterTests):
    adapter = CsvAdapter()

    def values(self) -> st.SearchStrategy[list[Row]]:
        names = st.lists(strategies.texts(), unique=True, min_size=1, max_size=3)
        return names.flatmap(lambda header: st.lists(st.fixed_dictionaries(dict.fromkeys(header, strategies.texts())), max_size=3))


class TestFilesPacker(PackerTests):
    packer = FilesPacker()

    def unpack(self, packed: Path, folder: Path) -> Path:
        with closing(sqlite3.connect(packed)) as archive:
            for name, size, content in archive.execute("select name, sz, data from sqlar"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content if len(content) == size else zlib.decompress(content))
        return folder
