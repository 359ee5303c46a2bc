"""Metrics: plain numbers while serving, Prometheus text when somebody asks.

Every figure is a slot in one array of doubles, so counting costs an index and an addition. With many workers each has a
stretch of its own in memory they share, and whoever is asked adds the stretches up.
Labels are api names and statuses from fixed lists, never anything a client chooses.
"""

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
    from prometheus_client.metrics_core import Metric

    from ..workers.board import Board
    from .call import Call, Run

    # A worker's own figures, or its stretch of the memory that all workers share.
    Numbers = memoryview[float] | array[float]

STATUSES = (200, 400, 403, 404, 405, 413, 415, 422, 431, 499, 500, 503, 504)
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
STAGES = ("decode", "queue", "model", "encode")


@dataclass(frozen=True, slots=True)
class _Histogram:
    """A histogram's place: a count for each bucket and one beyond, then the sum."""

    start: int
    bounds: tuple[float, ...]
    end: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "end", self.start + len(self.bounds) + 2)

    def observe(self, numbers: Numbers, value: float) -> None:
        numbers[self.start + bisect_left(self.bounds, value)] += 1.0
        numbers[self.end - 1] += value

    def observe_all(self, numbers: Numbers, values: Sequence[float]) -> None:
        """Count many at once, mostly in one bucket: what is answered together has taken about as long."""
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
    """The figures of one api: requests by status and in flight, their seconds and by stage, and what its calls were like."""

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


class Metrics:
    """The figures of a service; with a board, those of all workers, of which this process counts in the stretch `own`."""

    def __init__(self, apis: Sequence[str], board: Board | None = None, own: int = 0) -> None:
        if board is None:
            starts = [FIGURES * number for number in range(len(apis))]
            self._stretches: Sequence[Numbers] = (array("d", bytes(8 * FIGURES * len(apis))),)
        else:
            board.add(apis)
            starts = [board.start(name) for name in apis]
            self._stretches = board.stretches
        self.apis = {name: ApiMetrics(name, start) for name, start in zip(apis, starts, strict=True)}
        self.numbers = self._stretches[own]
        self._size = max((api.end for api in self.apis.values()), default=0)

    def collect(self) -> Iterator[Metric]:
        """All workers' figures as Prometheus metrics; the interface of a `prometheus_client` collector."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        numbers = [sum(column) for column in zip(*(stretch[: self._size] for stretch in self._stretches), strict=True)]
        requests = CounterMetricFamily("bento_requests", "Requests answered, by api and status", labels=("api", "status"))
        in_flight = GaugeMetricFamily("bento_requests_in_flight", "Requests that wait or run", labels=("api",))
        total = HistogramMetricFamily("bento_request_seconds", "From a request's first byte to its answer", labels=("api",))
        stages = CounterMetricFamily("bento_stage_seconds", "Where the time of requests went", labels=("api", "stage"))
        model = HistogramMetricFamily("bento_model_seconds", "Seconds of one call of an api", labels=("api",))
        rows = HistogramMetricFamily("bento_batch_rows", "Rows in one call of an api", labels=("api",))
        for api in self.apis.values():
            for status, count in api.requests(numbers):
                requests.add_metric((api.name, status), count)
            in_flight.add_metric((api.name,), numbers[api.in_flight])
            for stage, place in api.stages.items():
                stages.add_metric((api.name, stage), numbers[place])
            total.add_metric((api.name,), *api.total.read(numbers))
            model.add_metric((api.name,), *api.model.read(numbers))
            rows.add_metric((api.name,), *api.rows.read(numbers))
        yield from (requests, in_flight, stages, total, model, rows)

    def exposition(self) -> tuple[bytes, str]:
        """The page and its content type: these figures and, while one process serves alone, the service's own `prometheus_client` ones."""
        from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        page = generate_latest(registry)
        if len(self._stretches) == 1:
            page += generate_latest(REGISTRY)
        return page, CONTENT_TYPE_LATEST


@compiled
def seconds_since(calls: Sequence[Call], now: float) -> list[float]:
    """How long ago each call came."""
    return [now - call.received for call in calls]


@compiled
def stages_of(calls: Sequence[Call]) -> tuple[float, float, Mapping[Run, int]]:
    """How many seconds all these calls together were decoded and waited in the queue, and how many of them shared each run."""
    return (
        sum([call.decoded_at - call.received for call in calls if call.decoded_at]),
        sum([call.started_at - call.decoded_at for call in calls if call.started_at]),
        Counter([call.run for call in calls]),
    )


FIGURES = ApiMetrics("", 0).end
"""How many doubles an api is counted in."""

IN_FLIGHT = ApiMetrics("", 0).in_flight
"""Which of them are requests that wait or run."""
