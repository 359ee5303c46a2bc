"""CSV as a DataFrame. Source: RFC 4180. Lines end in LF or CRLF, a byte order mark is allowed, and a header is required.

pandas.read_csv decides the dtype of a column that declares none, and which fields are missing values. In a declared column of texts, only
an empty field is missing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import chain
from typing import TYPE_CHECKING, Any

from bento import BadInput, InvalidInput

from .collisions import MANY, check_texts
from .dtypes import DType, Dtypes, has_room, kind_of
from .tables import check_count, check_names, check_size

if TYPE_CHECKING:
    import pandas as pd

_BYTE_ORDER_MARK = "\ufeff"
# The fields that pandas treats as missing values. Source: pandas.read_csv, `na_values`.
_MISSING = [
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
]
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,20}\s*")
_AS_TEXT = frozenset({"category", "object", "span", "text", "time"})


def read(text: str, columns: Sequence[str] | None, dtypes: Dtypes, max_bytes: int) -> pd.DataFrame:
    """The table of a CSV text, with every column of the header. Its columns are not yet converted to `dtypes`."""
    import pandas as pd

    text = text.removeprefix(_BYTE_ORDER_MARK)
    if "\0" in text:
        raise BadInput("the body is not CSV: it holds a null character")
    names, rows = _shape(text, columns)
    check_size(rows, len(names), max_bytes)
    if rows >= MANY:
        check_texts(chain.from_iterable(_lines(text)), rows * len(names))
    kinds = {name: _kind_of(dtypes.get(name)) for name in names if dtypes.get(name) is not None}
    gapped = [name for name, kind in kinds.items() if kind == "span" or (kind == "integer" and has_room(dtypes.get(name)))]
    frame = _parse(text, names, kinds, gapped)
    if frame.shape != (rows, len(names)):
        raise BadInput("the body is not CSV: a quote is missing, or is one too many")
    for name in gapped:
        values = [_number(text) if isinstance(text, str) else None for text in frame[name]]
        frame[name] = pd.Series(values, index=frame.index, dtype=object)
    return frame


def _kind_of(dtype: DType) -> str | None:
    """The kind of values that the fields of a column are read as. For declared categories, it is the kind of the categories."""
    kind = kind_of(dtype)
    return kind if kind != "category" or dtype.categories is None else kind_of(dtype.categories.dtype)


def _parse(text: str, names: list[str], kinds: dict[str, str | None], gapped: list[str]) -> pd.DataFrame:
    """The table as pandas reads it. Columns of texts and `gapped` ones are read as texts; in the former, only empty fields are missing."""
    import pandas as pd

    texts = dict.fromkeys([*gapped, *(name for name, kind in kinds.items() if kind in _AS_TEXT)], str)
    try:
        return pd.read_csv(
            StringIO(text),
            names=names,
            header=0,
            index_col=False,
            dtype=texts,
            keep_default_na=False,
            na_values={name: [""] if kinds.get(name) in _AS_TEXT else _MISSING for name in names},
            low_memory=False,
            **_exactly(),
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise BadInput(f"the body is not CSV: {error}") from error


def _shape(text: str, columns: Sequence[str] | None) -> tuple[list[str], int]:
    """The names in the header, and the number of rows after it. A row with another number of fields is refused, before pandas fills it."""
    lines = _lines(text)
    header = next(lines, None)
    if header is None:
        raise BadInput("the body is not CSV: it is empty, and a header was expected")
    check_count(len(header), columns)
    if columns is not None and len(header) < len(columns) > 1 and any(mark in header[0] for mark in ";\t"):
        raise InvalidInput(f"expected commas between the fields, got the header {header[0]!r:.60}")
    names = [name or f"Unnamed: {position}" for position, name in enumerate(header)]
    check_names(names, columns)
    rows = 0
    for rows, fields in enumerate(lines, 1):
        if len(fields) != len(names):
            raise InvalidInput(f"expected {len(names)} fields in row {rows - 1}, as the header has, got {len(fields)}")
    return names, rows


def _lines(text: str) -> Iterator[list[str]]:
    """The fields of each line that pandas does not skip as empty."""
    try:
        for fields in csv.reader(StringIO(text, newline="")):
            if len(fields) > 1 or (fields and (not fields[0] or fields[0].strip(" \t"))):
                yield fields
    except csv.Error as error:
        raise BadInput(f"the body is not CSV: {error}") from error


def _number(text: str) -> int | float | str:
    """The number in a field, an int if it is whole. pandas would make it a float if another row had a missing value."""
    if _WHOLE.fullmatch(text):
        return int(text)
    # Python would read 1_0, and other digits than these.
    if "_" in text or not text.isascii():
        return text
    try:
        return float(text)
    except ValueError:
        return text


def _exactly() -> dict[str, Any]:
    """The options that make pandas read floats to the last bit. Newer versions always do, and warn about the option."""
    import pandas as pd
    from packaging.version import Version

    return {} if Version(pd.__version__) >= Version("3.1") else {"float_precision": "round_trip"}
