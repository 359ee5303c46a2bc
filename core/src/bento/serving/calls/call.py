"""Calls: a request on its way through an api, from its decoded value to its answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from ...api import Context, Timing

if TYPE_CHECKING:
    from .answer import Answer
    from .request import Request


class Call:
    """One request on its way through an api. It is settled exactly once: answered, failed, expired or left by its client.

    A lane has a class of its own, which knows where the answer goes: one object for each request.
    """

    __slots__ = (
        "conclude",
        "deadline",
        "decode_seconds",
        "decoded_at",
        "encode_seconds",
        "group",
        "held",
        "item",
        "model_seconds",
        "outcome",
        "processor_seconds",
        "queue_seconds",
        "request",
        "rows",
        "rows_in_batch",
        "settled",
        "started_at",
    )

    def __init__(self, request: Request) -> None:
        self.request = request
        self.deadline = math.inf
        self.conclude: Callable[[Any, Answer | BaseException], None] | None = None
        self.item: Any = None
        self.rows: int | None = None
        self.group: Hashable = None
        self.outcome: Answer | BaseException | None = None
        self.settled = False
        self.decoded_at = self.started_at = 0.0
        self.decode_seconds = self.queue_seconds = self.model_seconds = self.encode_seconds = 0.0
        self.processor_seconds = 0.0
        self.rows_in_batch = self.held = 0

    @property
    def weight(self) -> int:
        """How many rows it brings to a batch; even an empty request takes a place."""
        return self.rows or 1

    def begin(self, timeout: float, conclude: Callable[[Any, Answer | BaseException], None] | None = None) -> None:
        """Let it begin at an endpoint, which allows `timeout` seconds, and hears of the outcome through `conclude`."""
        request = self.request
        self.deadline = request.received + min(timeout, request.head.timeout)
        self.conclude = conclude

    def reply(self, answer: Answer) -> None:
        """Send the answer back; called once on the event loop, unless the client leaves first."""

    def settle(self, outcome: Answer | BaseException) -> None:
        """Conclude the request, unless it is over already; called on the event loop."""
        if not self.settled:
            self.settled = True
            if self.conclude is not None:
                self.conclude(self, outcome)

    def abandon(self) -> None:
        """The client has left: an answer has nowhere to go, and work not yet begun never begins."""
        self.settled = True

    def let_go(self) -> Any:
        """Forget the body, and the value unless a batch is at work on it; a queue may hold for long what nobody waits for any more."""
        self.request.body = b""
        if self.started_at and self.outcome is None:
            return None
        value, self.item = self.item, None
        return value

    def is_wanted(self, now: float) -> bool:
        return not self.settled and now < self.deadline

    def context(self, api: str) -> Context:
        return Context(self.request.request_id, api, self.request.head.headers, self.deadline)

    def timing(self) -> Timing:
        """Where its time went so far; stages that it never reached are 0."""
        return Timing(self.decode_seconds, self.queue_seconds, self.model_seconds, self.encode_seconds, self.rows_in_batch)

    def mark_decoded(self) -> None:
        """Note that the value is there, and the wait for a batch begins."""
        self.decoded_at = time.monotonic()
        self.decode_seconds = self.decoded_at - self.request.received

    def mark_started(self, now: float) -> None:
        """Note that a batch has taken it."""
        self.started_at = now
        self.queue_seconds = now - self.decoded_at
