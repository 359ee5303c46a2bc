"""Parquet and Arrow bodies as Arrow tables, from clients that may be hostile.

In both formats a kilobyte can declare a terabyte: in a compressed page, in a text that is repeated, in a number of rows. So the unpacked
size is added up from the headers before anything is unpacked, and buffers are validated before they are used. Of the metadata that pandas
writes, only the list of columns with row labels is used.
"""

from ._parquet import read_parquet
from ._stored import flat_names, read_stored
from ._stream import read_arrow

__all__ = ["flat_names", "read_arrow", "read_parquet", "read_stored"]
