"""Bundles as one SQLite file, an archive that `sqlite3 -A` reads."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from bento import Bundle, Packer
from bento.packers import create


class FilesPacker(Packer):
    """Pack a bundle into an SQLite archive, without times.

    Source: https://sqlite.org/sqlar.html.
    """

    name = "sqlar"
    summary = "an SQLite archive of the bundle"

    def pack(self, bundle: Bundle, out: Path) -> Path:
        with create(out) as draft, closing(sqlite3.connect(":memory:")) as archive:
            archive.execute("create table sqlar (name text primary key, mode int, mtime int, sz int, data blob)")
            for name in ["bento.json", *(file.path for file in bundle.manifest.files)]:
                content = (bundle.path / name).read_bytes()
                small = zlib.compress(content)
                row = (name, 0o100644, 0, len(content), min(content, small, key=len))
                archive.execute("insert into sqlar values (?, ?, ?, ?, ?)", row)
            archive.commit()
            draft.write_bytes(archive.serialize())
        return out
