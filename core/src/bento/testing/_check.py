"""Running a kit without a test runner."""

from __future__ import annotations

import time
import unittest
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ._leaks import no_leaks

if TYPE_CHECKING:
    from ._kit import Kit


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one test of a kit: how it ended, why, and how many seconds it took."""

    tests: str
    """The name of the test class."""
    name: str
    result: Literal["ok", "failed", "left out"]
    reason: str = ""
    """The advice if the test failed, or the reason if it was left out."""
    seconds: float = 0.0
    error: Exception | None = field(default=None, compare=False, repr=False)

    @property
    def rule(self) -> str:
        """The rule that the test checks: its name as words."""
        return self.name.removeprefix("test_").replace("_", " ")


def run_checks(tests: type[Kit], names: Iterable[str] | None = None) -> Iterator[Check]:
    """Run a kit's test class without a test runner, all of its tests or those in `names`, and yield each result as soon as it is known.

    As under pytest, a test that leaves a thread, an open file or a process behind fails.
    """
    for name in tests_of(tests) if names is None else names:
        started = time.perf_counter()
        result, reason, error = _outcome(tests, name)
        yield Check(tests.__name__, name, result, reason, time.perf_counter() - started, error)


def check(tests: type[Kit]) -> dict[str, Exception | None]:
    """Run a kit's test class without a test runner. Maps the name of each test to the error it failed with, or to None."""
    return {done.name: done.error for done in run_checks(tests)}


def tests_of(tests: type[Kit]) -> list[str]:
    """The names of a class's tests."""
    return [name for name in dir(tests) if name.startswith("test_")]


def _outcome(tests: type[Kit], name: str) -> tuple[Literal["ok", "failed", "left out"], str, Exception | None]:
    test: Any = getattr(tests(), name)
    try:
        with no_leaks(tests.lasting):
            test()
    except unittest.SkipTest as skipped:
        return "left out", str(skipped), None
    except Exception as error:  # noqa: BLE001 - any exception is a failed test
        return "failed", str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}", error
    return "ok", "", None
