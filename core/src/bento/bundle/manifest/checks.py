"""Checks: what makes a value fit a field, and the error that says what was expected, what came, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...errors import BundleError, DefinitionError
from ...plain import CONTROL, SHOWN, shortened

if TYPE_CHECKING:
    from ...artifact import JSON

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DEEPEST: Final = 32
_WHOLE: Final = 2**63


class FieldError(BundleError):
    """A field refuses a value; `at` is the JSON path to it from the value that was read, such as `.artifacts[0].format`."""

    def __init__(self, expected: str, got: object, at: str = "") -> None:
        super().__init__(f"expected {expected}, got {shortened(got)} - at ${at}")
        self.expected, self.got, self.at = expected, got, at

    def under(self, step: str) -> FieldError:
        """The same error as seen from the value that holds this one."""
        return FieldError(self.expected, self.got, step + self.at)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of up to `longest` characters, without control characters except those in `allowed`.

    `fits` returns false or raises for a text to refuse.
    """

    expected: str
    fits: Callable[[str], object]
    longest: int = 256
    allowed: str = ""

    def __call__(self, value: object) -> str:
        if isinstance(value, str) and len(value) <= self.longest and self._is_clean(value) and self._fits(value):
            return value
        raise FieldError(self.expected, value)

    def _is_clean(self, value: str) -> bool:
        return value.isprintable() or set(CONTROL.findall(value)) <= set(self.allowed)

    def _fits(self, value: str) -> bool:
        try:
            return bool(self.fits(value))
        except (ValueError, DefinitionError):
            return False


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to 2**63 - 1, so that other JSON readers can hold it; true and false are refused."""

    expected: str
    least: int

    def __call__(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value < _WHOLE:
            return value
        raise FieldError(self.expected, value)


@dataclass(frozen=True, slots=True)
class Amount:
    """A finite number above 0, or 0 as well if `zero` is set."""

    expected: str
    zero: bool

    def __call__(self, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and (0 < value < _WHOLE or (self.zero and value == 0)):
            return float(value)
        raise FieldError(self.expected, value)


def flag(value: object) -> bool:
    """Accept true and false only, not values that are equal to them, such as 1."""
    if not isinstance(value, bool):
        raise FieldError("true or false", value)
    return value


def json_object(value: object) -> dict[str, JSON]:
    """A JSON object as plain dicts and lists; what JSON readers disagree on is refused: NaN, integers beyond 64 bits, over 32 levels."""
    if not isinstance(value, Mapping):
        raise FieldError("an object", value)
    return _object(value, 1)


def step(key: object) -> str:
    """The step that a JSON path takes to the field `key`."""
    is_name = isinstance(key, str) and len(key) <= SHOWN and key.isidentifier()
    return f".{key}" if is_name else f"[{shortened(key)}]"


def _object(value: Mapping[object, object], depth: int) -> dict[str, JSON]:
    return {_key(key): _item(step, key, item, depth) for key, item in value.items()}


def _item(path: Callable[[Any], str], key: object, item: object, depth: int) -> JSON:
    # The path is built only for an error, because keys may be long and many.
    try:
        return _json(item, depth + 1)
    except FieldError as error:
        raise error.under(path(key)) from None


def _json(value: object, depth: int) -> JSON:
    if depth > _DEEPEST:
        raise FieldError(f"JSON at most {_DEEPEST} levels deep", value)
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, list | tuple):
        return [_item("[{}]".format, index, item, depth) for index, item in enumerate(value)]
    return _scalar(value)


def _scalar(value: object) -> JSON:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and not _SURROGATE.search(value):
        return value
    if (isinstance(value, float) and math.isfinite(value)) or (isinstance(value, int) and -_WHOLE <= value < _WHOLE):
        return value
    raise FieldError("a JSON value", value)


def _key(key: object) -> str:
    if isinstance(key, str) and not _SURROGATE.search(key):
        return key
    raise FieldError("a text as the name of a field", key)
