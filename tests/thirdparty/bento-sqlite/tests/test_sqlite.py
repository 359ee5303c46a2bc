import pytest
from bento_sqlite import CsvAdapter, SqliteArtifact
from bento_sqlite.checks import TestCsvAdapter, TestFilesPacker, TestSqliteArtifact

import bento

__all__ = ["TestCsvAdapter", "TestFilesPacker", "TestSqliteArtifact"]


def test_a_damaged_database_is_refused(tmp_path):
    (tmp_path / "database.sqlite").write_bytes(b"nonsense")
    with pytest.raises(bento.ArtifactError, match=r"^'database\.sqlite' is not an SQLite database"):
        SqliteArtifact().load(tmp_path)


def test_a_row_that_is_too_short_is_refused():
    with pytest.raises(bento.InvalidInput, match="expected 2 values in row 1, got 1"):
        CsvAdapter().decode(bento.Payload(b"a,b\r\n1\r\n", "text/csv"))
