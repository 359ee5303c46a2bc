"""DataFrames as models: tables that a service looks things up in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import Artifact, ArtifactError, BadInput, instance_of
from bento.artifacts import slot_file

from .options import checked_bytes

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from bento.artifact import JSON

_FILE = "model.parquet"
_MAX_BYTES = 1 << 30
"""One gigabyte."""


class DataFrameArtifact(Artifact["pd.DataFrame"]):
    """Keeps a DataFrame as a Parquet file, which contains only data: values, dtypes, index, names, categories, zones and missing values.

    Saving refuses a DataFrame that Parquet would not bring back unchanged, and names the column. Subclasses of DataFrame are not accepted.
    A table that takes more than `max_bytes` and more than sixteen times the size of its file is refused, both when it is saved and before
    it is loaded.
    """

    name = "dataframe"
    framework = "pandas"

    def __init__(self, *, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = checked_bytes(max_bytes)

    def save(self, model: pd.DataFrame, folder: Path) -> None:
        from .kept import loss

        path = folder / _FILE
        try:
            _write(model, path)
        except (ValueError, TypeError, NotImplementedError) as error:
            # Arrow's exceptions name the column in a separate argument.
            reason = ": ".join(map(str, error.args))
            raise ArtifactError(f"Parquet cannot keep this DataFrame: {reason}: convert the column, or drop it") from error
        lost = loss(model, _read(path, self._max_bytes))
        if lost:
            raise ArtifactError(f"Parquet would lose {lost}")

    def load(self, folder: Path) -> pd.DataFrame:
        path = slot_file(folder, _FILE)
        try:
            return _read(path, self._max_bytes)
        except (ArtifactError, BadInput) as error:
            raise ArtifactError(f"cannot load {str(path)!r}: {error}") from error
        except Exception as error:
            # For a damaged file, Arrow and pandas raise nearly any exception. Neither executes what it reads.
            raise ArtifactError(f"{str(path)!r} is damaged: {type(error).__name__}: {error}") from error

    def accepts(self, model: object) -> bool:
        return instance_of(model, "pandas", "DataFrame") and type(model).__module__.partition(".")[0] == "pandas"

    def requirements(self) -> list[str]:
        return ["pandas", "pyarrow"]

    def options(self) -> dict[str, JSON]:
        return {} if self._max_bytes == _MAX_BYTES else {"max_bytes": self._max_bytes}


def _write(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from .binary import flat_names

    table = pa.Table.from_pandas(frame)
    pq.write_table(table, path, compression="zstd", write_page_checksum=True, use_dictionary=flat_names(table.schema))


def _read(path: Path, max_bytes: int) -> pd.DataFrame:
    from .binary import read_stored

    return read_stored(path, max_bytes).to_pandas()
