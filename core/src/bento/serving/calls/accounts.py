"""Accounts: what is known of an api's requests once they are over, for metrics, logs and plugins that observe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..logs import FaultLog
from .answer import FAULT, Answer, failure

if TYPE_CHECKING:
    from ...api import Api
    from ...registry import Registry
    from ...service import Service
    from .call import Call
    from .metrics import Metrics

CLIENT_LEFT = 499


class Accounts:
    """Counts the requests of one api, logs its faults, passes these to `on_fault`, and tells plugins of each request that is over."""

    def __init__(self, service: Service, api: Api, registry: Registry, metrics: Metrics, on_fault: Callable[[BaseException], None]) -> None:
        self._service = service
        self._api = api.name
        self._registry = registry
        self._figures = metrics.apis[api.name]
        self._numbers = metrics.numbers
        self._faults = FaultLog()
        self._on_fault = on_fault
        self._is_observed = registry.listens("bento_request_done")

    def begun(self, count: int = 1) -> None:
        """Count requests that have come."""
        self._figures.begun(self._numbers, count)

    def batch_done(self, seconds: float, rows: int) -> None:
        """Count a call of the model."""
        self._figures.batch_done(self._numbers, seconds, rows)

    def done(self, calls: Sequence[Call], status: int) -> None:
        """Count requests that are over, all with the same status, and tell plugins of them."""
        self._figures.done(self._numbers, status, calls)
        if self._is_observed:
            for call in calls:
                self._tell(call, status)

    def _tell(self, call: Call, status: int) -> None:
        self._registry.call(
            "bento_request_done",
            service=self._service,
            api=self._api,
            context=call.context(self._api),
            status=status,
            timing=call.timing(),
        )

    def failure(self, call: Call, error: BaseException) -> Answer:
        """The answer to a request that failed; a fault of the service's own goes into the log."""
        answer = failure(error, call.request_id)
        if answer.status == FAULT:
            self._faults.write(self._api, call.request_id, error)
            self._on_fault(error)
        return answer
