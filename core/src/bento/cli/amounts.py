"""Amounts that options take: ages such as 30d, and sizes such as 20GB."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import click

_TIMES: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SIZES: Final = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class Age(click.ParamType[timedelta]):
    """How long ago something was."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = re.fullmatch(r"([0-9]{1,6})([mhdw])", value)
        if found is None:
            self.fail(f"{value!r} is no age: write a number and m, h, d or w, such as 30d", param, ctx)
        return timedelta(**{_TIMES[found[2]]: int(found[1])})


class Size(click.ParamType[int]):
    """How large something is, in bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([0-9]{1,6}) ?(|kB|MB|GB|TB)", value)
        if found is None:
            self.fail(f"{value!r} is no size: write a number and kB, MB, GB or TB, such as 20GB", param, ctx)
        return int(found[1]) * _SIZES[found[2]]
