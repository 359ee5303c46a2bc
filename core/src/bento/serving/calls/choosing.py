"""Which of the calls that wait make the next batch: the oldest, and those behind it that are of its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...compiled import compiled

if TYPE_CHECKING:
    from .call import Call

# In search of calls of its group, a batch passes over this many others: searching all of a long queue each time would take seconds.
_MOST_PASSED = 1000


@compiled
def is_batch(calls: list[Call], size: int, now: float) -> bool:
    """Whether these calls are a batch as they are, as most are; this costs a third of choosing them one by one."""
    # `weight` and `is_wanted`, written out: this is done for every request.
    return (
        sum([call.rows or 1 for call in calls]) <= size
        and len({call.group for call in calls}) == 1
        and not [call for call in calls if call.settled or call.deadline <= now]
    )


@compiled
def note_start(calls: list[Call], now: float) -> None:
    """Take note of when the batch of these calls begins."""
    for call in calls:
        call.started_at = now


def choose(queue: list[Call], size: int, now: float) -> list[Call]:
    """Take calls of one group out of a queue, as many as a batch of `size` rows holds, and drop those that nobody waits for any more."""
    taken: list[Call] = []
    passed: list[Call] = []
    seen = rows = 0
    for call in queue:
        # No other call joins one that is a group of its own.
        if rows >= size or len(passed) >= _MOST_PASSED or (taken and taken[0].group is taken[0]):
            break
        seen += 1
        if not call.is_wanted(now):
            continue
        if taken and (call.group != taken[0].group or rows + call.weight > size):
            passed.append(call)
        else:
            taken.append(call)
            rows += call.weight
    queue[:seen] = passed
    return taken
