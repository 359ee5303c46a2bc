"""Freeing a large value a few objects at a time, because freeing millions of objects at once holds the interpreter."""

from __future__ import annotations

import sys

_FEW = 1000

# One for the local name, and one for the argument of getrefcount.
_OWN_REFERENCES = 2


def release(values: list[object]) -> None:
    """Empty `values`, and the lists and dicts in it that nothing else refers to. Values with other references are left unchanged."""
    while values:
        value = values.pop()
        if sys.getrefcount(value) > _OWN_REFERENCES:
            continue
        if type(value) is list:
            while value:
                values += [part for part in value[-_FEW:] if type(part) in (list, dict) and len(part) > _FEW]
                del value[-_FEW:]
        elif type(value) is dict:
            while value:
                _, part = value.popitem()
                values.append(part)
                del part
