"""Parquet and Arrow bodies as Arrow tables, by people who may mean harm.

A kilobyte can declare a terabyte in either format: in a page that unpacks, in a text that is repeated, in a number of rows. So what
unpacking takes is added up from the formats' own headers before anything is unpacked, and buffers are validated before they are used.
pandas' notes in the metadata are believed in one thing only, which columns are row labels.
"""

from ._parquet import read_parquet
from ._stored import flat_names, read_stored
from ._stream import read_arrow

__all__ = ["flat_names", "read_arrow", "read_parquet", "read_stored"]
