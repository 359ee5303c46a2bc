"""Figures: what is counted for each api, and the place of each number in an array of doubles."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...compiled import compiled

if TYPE_CHECKING:
    from .call import Call, Run

    # A worker's own figures, or its stretch of the memory that all workers share.
    Numbers = memoryview[float] | array[float]

STATUSES = (200, 400, 403, 404, 405, 413, 415, 422, 431, 499, 500, 503, 504)
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
STAGES = ("decode", "queue", "model", "encode")


@dataclass(frozen=True, slots=True)
class _Histogram:
    """The place of a histogram: a count for each bucket and for values beyond the last, then the sum."""

    start: int
    bounds: tuple[float, ...]
    end: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "end", self.start + len(self.bounds) + 2)

    def observe(self, numbers: Numbers, value: float) -> None:
        numbers[self.start + bisect_left(self.bounds, value)] += 1.0
        numbers[self.end - 1] += value

    def observe_all(self, numbers: Numbers, values: Sequence[float]) -> None:
        """Count many values at once. Most are in one bucket, because requests that are answered together took about as long."""
        least, most = bisect_left(self.bounds, min(values)), bisect_left(self.bounds, max(values))
        if least == most:
            numbers[self.start + least] += len(values)
        else:
            for value in values:
                numbers[self.start + bisect_left(self.bounds, value)] += 1.0
        numbers[self.end - 1] += sum(values)

    def read(self, numbers: Sequence[float]) -> tuple[list[tuple[str, float]], float]:
        """Cumulative buckets, as Prometheus wants them, and the sum."""
        total, buckets = 0.0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), numbers[self.start : self.end - 1], strict=True):
            total += count
            buckets.append((bound, total))
        return buckets, numbers[self.end - 1]


class ApiMetrics:
    """The figures of one api: requests by status and in flight, their seconds in all and by stage, and the seconds and rows of its
    calls."""

    def __init__(self, name: str, start: int) -> None:
        self.name = name
        self._statuses = {status: start + place for place, status in enumerate(STATUSES)}
        self.in_flight = start + len(STATUSES)
        self.stages = {stage: self.in_flight + 1 + place for place, stage in enumerate(STAGES)}
        self.total = _Histogram(self.in_flight + 1 + len(STAGES), SECONDS)
        self.model = _Histogram(self.total.end, SECONDS)
        self.rows = _Histogram(self.model.end, ROWS)
        self.end = self.rows.end

    def begun(self, numbers: Numbers, count: int) -> None:
        """Count requests that came."""
        numbers[self.in_flight] += count

    def done(self, numbers: Numbers, status: int, calls: Sequence[Call]) -> None:
        """Count requests that are over, all with the same status."""
        now = time.monotonic()
        numbers[self.in_flight] -= len(calls)
        numbers[self._statuses.get(status, self._statuses[500])] += len(calls)
        self.total.observe_all(numbers, seconds_since(calls, now))
        stages = self.stages
        decode, queue, runs = stages_of(calls)
        numbers[stages["decode"]] += decode
        numbers[stages["queue"]] += queue
        for run, count in runs.items():
            numbers[stages["model"]] += run.model_seconds * count
            numbers[stages["encode"]] += run.encode_seconds * count

    def batch_done(self, numbers: Numbers, seconds: float, rows: int) -> None:
        """Count a call of the model."""
        self.model.observe(numbers, seconds)
        self.rows.observe(numbers, rows)

    def requests(self, numbers: Sequence[float]) -> Iterator[tuple[str, float]]:
        for status, place in self._statuses.items():
            if numbers[place]:
                yield str(status), numbers[place]


@compiled
def seconds_since(calls: Sequence[Call], now: float) -> list[float]:
    """How long ago each call came."""
    return [now - call.received for call in calls]


@compiled
def stages_of(calls: Sequence[Call]) -> tuple[float, float, Mapping[Run, int]]:
    """The seconds that all these calls together spent in decoding and in the queue, and how many of them shared each run."""
    return (
        sum([call.decoded_at - call.received for call in calls if call.decoded_at]),
        sum([call.started_at - call.decoded_at for call in calls if call.started_at]),
        Counter([call.run for call in calls]),
    )


FIGURES = ApiMetrics("", 0).end
"""How many doubles the figures of one api take."""

IN_FLIGHT = ApiMetrics("", 0).in_flight
"""The place among them of the requests that wait or run."""
