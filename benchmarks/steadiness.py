"""How steadily the machine works: at times a loop that does nothing else takes longer, and so does every request to a server."""

from __future__ import annotations

import time
from statistics import median

_WINDOW = 0.01
_SLOW = 3.0
_STEPS = 2000


def steadiness(seconds: float) -> str:
    """A sentence about the 10 ms windows of a loop in this process in which its steps took three times their median."""
    steps = _steps(seconds)
    usual = median(steps)
    factors = [factor / usual for factor in _means(steps)]
    slow = sum(factor > _SLOW for factor in factors)
    return (
        f"A loop that does nothing else took more than {_SLOW:g} times as long as usual in {slow} of {len(factors)} windows of "
        f"{_WINDOW * 1e3:g} ms, {max(factors):.1f} times at worst."
    )


def _steps(seconds: float) -> list[float]:
    """How many seconds each step of the same work took, until `seconds` are over."""
    taken = []
    now = time.perf_counter()
    end = now + seconds
    while now < end:
        sum(range(_STEPS))
        then, now = now, time.perf_counter()
        taken.append(now - then)
    return taken


def _means(steps: list[float]) -> list[float]:
    """The mean step of each window, in seconds."""
    means, total, count = [], 0.0, 0
    for step in steps:
        total, count = total + step, count + 1
        if total >= _WINDOW:
            means.append(total / count)
            total, count = 0.0, 0
    return means
