"""DataFrames as models: tables that a service looks things up in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import Artifact, ArtifactError, instance_of
from bento.artifacts import slot_file

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_FILE = "model.parquet"


class DataFrameArtifact(Artifact["pd.DataFrame"]):
    """Keeps a DataFrame as a Parquet file, which holds nothing but data: values, dtypes, index, names, categories, zones and gaps.

    What Parquet would not give back as it was is refused when it is saved, by column. Subclasses of DataFrame are not accepted.
    """

    name = "dataframe"
    framework = "pandas"

    def save(self, model: pd.DataFrame, folder: Path) -> None:
        from .kept import loss

        path = folder / _FILE
        try:
            _write(model, path)
        except (ValueError, TypeError, NotImplementedError) as error:
            # Arrow's errors have the column in an argument of its own.
            reason = ": ".join(map(str, error.args))
            raise ArtifactError(f"Parquet cannot keep this DataFrame: {reason}: convert the column, or drop it") from error
        lost = loss(model, _read(path))
        if lost:
            raise ArtifactError(f"Parquet would lose {lost}")

    def load(self, folder: Path) -> pd.DataFrame:
        path = slot_file(folder, _FILE)
        try:
            return _read(path)
        except Exception as error:
            # A damaged file makes Arrow and pandas raise nearly anything; neither executes what it reads.
            raise ArtifactError(f"{str(path)!r} is damaged: {type(error).__name__}: {error}") from error

    def accepts(self, model: object) -> bool:
        return instance_of(model, "pandas", "DataFrame") and type(model).__module__.partition(".")[0] == "pandas"

    def requirements(self) -> list[str]:
        return ["pandas", "pyarrow"]


def _write(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(frame), path, compression="zstd", write_page_checksum=True)


def _read(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read().to_pandas()
