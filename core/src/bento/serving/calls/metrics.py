"""Metrics: plain numbers while serving, Prometheus text when somebody asks.

Every figure is a place in one array of doubles, so counting costs an index and an addition. With many workers, each has a stretch of its
own in shared memory, and the worker that is asked adds the stretches up. Labels are api names and statuses from fixed lists, never anything
that a client chooses.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .figures import FIGURES, ApiMetrics

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from .board import Board
    from .figures import Numbers


class Metrics:
    """The figures of a service. With a board, they are those of all workers, and this process counts in the stretch `own`."""

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
        """The page and its content type. While one process serves alone, it includes the service's own `prometheus_client` metrics."""
        from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        page = generate_latest(registry)
        if len(self._stretches) == 1:
            page += generate_latest(REGISTRY)
        return page, CONTENT_TYPE_LATEST
