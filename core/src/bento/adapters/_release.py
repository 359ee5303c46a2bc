"""Letting go of a large value: its millions of objects are freed a few at a time, for freeing them holds the interpreter."""

from __future__ import annotations

import sys

_FEW = 1000

# The local name, and the argument of getrefcount.
_OWN_REFERENCES = 2


def release(values: list[object]) -> None:
    """Empty lists and objects that only `values` holds; what somebody else holds, too, stays as it is."""
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
