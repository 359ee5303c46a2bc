"""Comparing answers: they are equal if their numbers differ by no more than a tolerance, and everything else is the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import orjson

from ..errors import BentoError
from ..payload import Payload
from .calls.streaming import LINES

if TYPE_CHECKING:
    from ..adapter import Adapter
    from ..bundle import Body

_NOTHING = object()
_LONGEST = 200


def difference(expected: Body, got: Body, adapter: Adapter[Any] | None, tolerance: float) -> str:
    """How `got` differs from `expected`, as in `expected 2, got 1 - at $[0]`; "" if it does not.

    JSON and text are compared by value, other bodies by what `adapter` decodes them to, or by their bytes without an adapter. `tolerance`
    is relative as well as absolute.
    """
    if expected == got:
        return ""
    one, other = Payload.of(*expected), Payload.of(*got)
    if one.media_type != other.media_type:
        return f"expected {one.media_type}, got {other.media_type}"
    try:
        return _differ(_value(one, adapter), _value(other, adapter), tolerance, "$")
    except (BentoError, ValueError):
        return f"expected {shown(expected)}, got {shown(got)}"


def shown(body: Body) -> str:
    """A body as an error message shows it: a text, cut off if it is long; anything else by its type and size."""
    kind = Payload.of(*body).media_type
    if kind.startswith("text/") or kind == LINES or kind.endswith("json"):
        text = body.data.decode(errors="replace").strip()
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"{len(body.data)} bytes of {kind or 'no type'}"


def _value(payload: Payload, adapter: Adapter[Any] | None) -> Any:
    if payload.media_type == LINES:
        return [orjson.loads(line) for line in bytes(payload.data).splitlines()]
    if payload.media_type.endswith(("/json", "+json")):
        return orjson.loads(payload.data)
    if payload.media_type.startswith("text/"):
        return payload.text()
    value: Any = payload.data if adapter is None else adapter.decode(payload)
    return value.tolist() if hasattr(value, "dtype") else value


def _differ(expected: Any, got: Any, tolerance: float, at: str) -> str:
    if isinstance(expected, Mapping) and isinstance(got, Mapping) and expected.keys() == got.keys():
        return next(filter(None, (_differ(expected[key], got[key], tolerance, f"{at}.{key}") for key in expected)), "")
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        pairs = enumerate(zip_longest(expected, got, fillvalue=_NOTHING))
        return next(filter(None, (_differ(one, other, tolerance, f"{at}[{index}]") for index, (one, other) in pairs)), "")
    if _equal(expected, got, tolerance):
        return ""
    within = f" within {tolerance:g}" if _are_close(expected, got, math.inf) else ""
    return f"expected {_short(expected)}{within}, got {_short(got)} - at {at}"


def _equal(expected: Any, got: Any, tolerance: float) -> bool:
    if isinstance(expected, bool) is not isinstance(got, bool):
        return False
    if callable(getattr(expected, "equals", None)):
        return bool(expected.equals(got))
    return bool(expected == got) or (expected != expected and got != got) or _are_close(expected, got, tolerance)  # noqa: PLR0124 - NaN


def _are_close(expected: Any, got: Any, tolerance: float) -> bool:
    """Whether both values are numbers, not both of them integers, and differ by no more than the tolerance."""
    numbers = [value for value in (expected, got) if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != 2 or all(isinstance(value, int) for value in numbers):  # noqa: PLR2004 - both
        return False
    return math.isinf(tolerance) or math.isclose(expected, got, rel_tol=tolerance, abs_tol=tolerance)


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
