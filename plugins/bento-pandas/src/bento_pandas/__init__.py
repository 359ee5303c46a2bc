"""Tables for bento: DataFrames as inputs, answers and models.

`DataFrameAdapter` reads JSON, CSV, Parquet and Arrow bodies and writes tables of pandas, polars and pyarrow; `DataFrameArtifact` keeps a
DataFrame as a Parquet file. Importing this package imports neither pandas nor pyarrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .adapter import DataFrameAdapter
from .artifact import DataFrameArtifact

if TYPE_CHECKING:
    from bento import Adapter, Artifact

__all__ = ["DataFrameAdapter", "DataFrameArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model format of this plugin."""
    return [DataFrameArtifact]


@bento.hookimpl
def bento_register_adapters() -> list[type[Adapter[Any]]]:
    """The adapter of this plugin."""
    return [DataFrameAdapter]
