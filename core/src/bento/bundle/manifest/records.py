"""Records: values that are checked by their annotations when they are made and never change, so that a record that exists is a valid one.

An annotation is `Annotated[T, check]`, another record, `T | None`, `tuple[T, ...]` or `Mapping[K, V]` of these. Records are like frozen
dataclasses, but no code is generated for each class, which took 6 ms of a server's start for a dozen of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Annotated, Any, Never, Self, cast, dataclass_transform, get_args, get_origin, get_type_hints

from .checks import FieldError, step

if TYPE_CHECKING:
    from ...artifact import JSON

Check = Callable[[object], object]


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """A value whose fields are checked; a wrong one is a FieldError that names it."""

    def __init__(self, **given: object) -> None:
        checks = self._checks()
        if given.keys() != checks.keys():
            raise TypeError(f"{type(self).__name__} takes {', '.join(checks)}, got {', '.join(given) or 'nothing'}")
        for name, check in checks.items():
            object.__setattr__(self, name, _under(step, name, check, given[name]))
        self.check_whole()

    def check_whole(self) -> None:
        """Raise a FieldError if fields are valid by themselves but not together."""

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: make another {type(self).__name__}")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: make another {type(self).__name__}")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @classmethod
    def read(cls, value: object) -> Self:
        """The record in a JSON object, which must have exactly the record's fields."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise FieldError("an object", value)
        known = cls._checks()
        for name in known:
            if name not in value:
                raise FieldError(f"a field {name!r}", sorted(map(str, value)))
        for name in value:
            if name not in known:
                raise FieldError(f"only the fields {', '.join(known)}", name)
        return cls(**value)

    @classmethod
    @functools.cache
    def _checks(cls) -> Mapping[str, Check]:
        return MappingProxyType({name: _check(hint) for name, hint in get_type_hints(cls, include_extras=True).items()})

    def plain(self) -> dict[str, JSON]:
        """The record as a JSON object."""
        return {name: _plain(value) for name, value in vars(self).items()}


def _plain(value: object) -> JSON:
    if isinstance(value, Record):
        return value.plain()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return cast("JSON", dict(value) if isinstance(value, Mapping) else value)


def _check(annotation: Any) -> Check:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return cast("Check", arguments[1])
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation.read
    if origin is tuple:
        return functools.partial(_each, _check(arguments[0]))
    if origin is Mapping:
        return functools.partial(_entries, _check(arguments[0]), _check(arguments[1]))
    if NoneType in arguments:
        return functools.partial(_maybe, _check(arguments[0]))
    raise TypeError(f"no check for {annotation!r}")


def _maybe(check: Check, value: object) -> object:
    return None if value is None else check(value)


def _each(check: Check, value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise FieldError("a list", value)
    return tuple(_under("[{}]".format, index, check, item) for index, item in enumerate(value))


def _entries(key_check: Check, check: Check, value: object) -> dict[object, object]:
    if not isinstance(value, Mapping):
        raise FieldError("an object", value)
    return {_under(step, key, key_check, key): _under(step, key, check, item) for key, item in value.items()}


def _under(path: Callable[[Any], str], key: object, check: Check, value: object) -> object:
    # The path is built only for an error, because a manifest has hundreds of fields.
    try:
        return check(value)
    except FieldError as error:
        raise error.under(path(key)) from None
