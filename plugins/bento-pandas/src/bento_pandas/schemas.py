"""JSON Schemas of tables, by their declared columns and dtypes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .dtypes import DType, Dtypes, has_room, kind_of

if TYPE_CHECKING:
    from bento.artifact import JSON

_TYPES: Mapping[str, tuple[str, JSON]] = {
    "boolean": ("boolean", True),
    "integer": ("integer", 1),
    "number": ("number", 1.5),
    "span": ("number", 1),
    "text": ("string", "a text"),
}
_NAMES = ("a", "b")


def schema_of(orient: str | None, columns: Sequence[str] | None, dtypes: Dtypes, example: JSON) -> dict[str, JSON]:
    """The schema of a table's document, in the form `orient`, or in any form if that is None."""
    cells = {name: _cell(dtypes.get(name)) for name in (_NAMES if columns is None else columns)}
    forms = _forms(cells, columns)
    examples: list[JSON] = [_examples(cells)[orient or "records"] if example is None else example]
    if orient is None:
        return {"anyOf": [forms[name] for name in ("records", "rows", "split", "columns")], "examples": examples}
    return {**forms[orient], "examples": examples}


def _forms(cells: Mapping[str, dict[str, JSON]], columns: Sequence[str] | None) -> dict[str, dict[str, JSON]]:
    if columns is None:
        record: dict[str, JSON] = {"type": "object"}
        row: dict[str, JSON] = {}
        table: dict[str, JSON] = {"type": "object", "additionalProperties": {"type": ["object", "array"]}}
    else:
        row = {"type": "array", "prefixItems": [*cells.values()], "minItems": len(cells), "maxItems": len(cells)}
        record = {"type": "object", "properties": {**cells}, "required": [*cells]}
        values: dict[str, JSON] = {name: _column(cell) for name, cell in cells.items()}
        table = {"type": "object", "properties": values, "required": [*cells]}
    parts: dict[str, JSON] = {name: {"type": "array"} for name in ("columns", "index", "data")}
    return {
        "records": {"type": "array", "items": record},
        "rows": {"type": "array", "items": row},
        "split": {"type": "object", "properties": parts, "required": ["columns", "data"], "additionalProperties": False},
        "columns": table,
        "index": {"type": "object", "additionalProperties": record},
    }


def _column(cell: dict[str, JSON]) -> JSON:
    return {"anyOf": [{"type": "array", "items": cell}, {"type": "object", "additionalProperties": cell}]}


def _examples(cells: Mapping[str, dict[str, JSON]]) -> dict[str, JSON]:
    """An example with one row, for each form."""
    record: dict[str, JSON] = {name: _value(cell) for name, cell in cells.items()}
    names: list[JSON] = [*record]
    return {
        "records": [record],
        "rows": [[*record.values()]],
        "split": {"columns": names, "index": [0], "data": [[*record.values()]]},
        "columns": {name: [value] for name, value in record.items()},
        "index": {"0": record},
    }


def _cell(dtype: DType) -> dict[str, JSON]:
    """The schema of one value."""
    if dtype is None:
        return {"default": 1}
    kind = kind_of(dtype) or ""
    if kind == "category" and dtype.categories is not None:
        return {"enum": [*dtype.categories.tolist(), None]}
    if kind == "time":
        text: JSON = "2026-01-01T00:00:00" + ("+00:00" if hasattr(dtype, "tz") else "")
        return {"type": ["string", "null"], "default": text}
    if kind not in _TYPES:
        return {"default": "a"}
    name, example = _TYPES[kind]
    return {"type": [name, "null"] if has_room(dtype) else name, "default": example}


def _value(cell: Mapping[str, Any]) -> JSON:
    return cell["enum"][0] if "enum" in cell else cell["default"]  # type: ignore[no-any-return]
