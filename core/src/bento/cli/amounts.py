"""Amounts that options take: ages such as 30d, sizes such as 20GB, and numbers within bounds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from ..bounds import read_number
from ..bundle.files.room import parse_size

if TYPE_CHECKING:
    from ..bounds import Bounds

_TIMES: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_OLDEST: Final = timedelta(days=36_525)


class Age(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """How long ago something was."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = re.fullmatch(r"([0-9]{1,6})([mhdw])", value)
        if found is None:
            self.fail(f"{value!r} is not an age: write a number and m, h, d or w, such as 30d", param, ctx)
        age = timedelta(**{_TIMES[found[2]]: int(found[1])})
        if age > _OLDEST:
            self.fail(f"{value!r} is longer than a century, and no bundle is that old", param, ctx)
        return age


class Size(click.ParamType):  # type: ignore[type-arg]  # as above
    """How large something is, in bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        size = parse_size(value)
        if size is None:
            self.fail(f"{value!r} is not a size: write a number and kB, MB, GB or TB, such as 20GB", param, ctx)
        return size


class Within(click.FloatRange):
    """A number within bounds."""

    name = "number"

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds.least, bounds.most)
        self._bounds = bounds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        # A default is a number already.
        number = read_number(str(value))
        if number not in self._bounds:
            self.fail(f"{value!r}: expected {self._bounds}", param, ctx)
        return number
