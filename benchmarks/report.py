"""What is reported: tables, goals, and both as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Goal:
    """What bento promises, what was measured, and whether that keeps the promise; `met` is None if there was nothing to compare with."""

    promise: str
    measured: str
    met: bool | None


@dataclass
class Section:
    """A table with a heading, a note on it, and the goals that it decides; `figures` has the same numbers for machines."""

    title: str
    head: Sequence[str]
    note: str = ""
    rows: list[Sequence[str]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def markdown(self) -> str:
        """The section as text."""
        missing = [f"\n{name} took no part: {reason.splitlines()[0][:300]}\n" for name, reason in self.absent.items()]
        return f"## {self.title}\n\n{self.note}\n\n{table(self.head, self.rows)}\n{''.join(missing)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def goals(sections: Sequence[Section]) -> str:
    """Every goal in a line."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = [(goal.promise, goal.measured, words[goal.met]) for section in sections for goal in section.goals]
    return f"## Goals\n\n{table(('goal', 'measured', 'met?'), rows)}"


def at_least(promise: str, ours: float | None, theirs: float | None, factor: float) -> Goal:
    """A goal that is a ratio of two rates."""
    if not ours or not theirs:
        return Goal(promise, "", None)
    return Goal(promise, f"{ours / theirs:.2f}x ({ours:,.0f} to {theirs:,.0f})", ours >= factor * theirs)


def at_most(promise: str, measured: float | None, limit: float, unit: str) -> Goal:
    """A goal that is an upper limit."""
    if measured is None:
        return Goal(promise, "", None)
    return Goal(promise, f"{measured:,.3g} {unit}", measured <= limit)


def milliseconds(seconds: float) -> str:
    """A duration in a cell."""
    return f"{seconds * 1e3:,.2f}"
