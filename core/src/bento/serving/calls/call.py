"""Calls: a request on its way through an api, from its body to its answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from ...api import Context, Timing

if TYPE_CHECKING:
    from .answer import Answer
    from .request import Head


class Run:
    """One call of an api's method, for all requests that share it: its rows, and the seconds that the method and the encoding took.

    `processor_seconds` is the processor time that its thread used for both.
    """

    __slots__ = ("encode_seconds", "model_seconds", "processor_seconds", "rows")

    def __init__(self) -> None:
        self.model_seconds = self.encode_seconds = self.processor_seconds = 0.0
        self.rows = 0


NO_RUN = Run()
"""The run of a call that has had none yet."""


def _nobody(calls: Sequence[Call], answers: Sequence[Answer]) -> None:
    """Ignore the answers, for calls that no lane waits for."""


class Call:
    """One request on its way through an api. It is settled exactly once: answered, failed, expired or left by its client.

    `received` is when its first byte came. This and all other times are in seconds of `time.monotonic()`; 0 means not reached yet. `item`
    is the decoded body. It brings `rows` rows to a batch, or is a single value if `rows` is None, and can share a batch with calls of the
    same `group`. `outcome` is the answer, or the error that the call ended in. `held` is how many bytes of the room for large requests it
    has.

    `reply` sends answers back, this call's with those of others that have the same `reply`. It is called on the event loop, unless the
    client leaves first. If it raises, it has sent none of the answers; it is then called again for each of them.
    """

    # One object for each request, and nothing in it that requests of one batch can share.
    __slots__ = (
        "body",
        "deadline",
        "decoded_at",
        "group",
        "head",
        "held",
        "item",
        "outcome",
        "received",
        "reply",
        "request_id",
        "rows",
        "run",
        "settled",
        "started_at",
    )

    def __init__(
        self,
        head: Head,
        body: bytes | bytearray,
        request_id: str,
        received: float,
        reply: Callable[[Sequence[Any], Sequence[Answer]], None] = _nobody,
    ) -> None:
        self.head = head
        self.body = body
        self.request_id = request_id
        self.received = received
        self.reply = reply
        self.deadline = math.inf
        self.item: Any = None
        self.rows: int | None = None
        self.group: Hashable = None
        self.outcome: Answer | BaseException | None = None
        self.settled = False
        self.decoded_at = self.started_at = 0.0
        self.run = NO_RUN
        self.held = 0

    @property
    def weight(self) -> int:
        """How many rows it brings to a batch; an empty request counts as one."""
        return self.rows or 1

    def abandon(self) -> None:
        """Note that the client has left: an answer has nowhere to go, and work that has not begun never begins."""
        self.settled = True

    def let_go(self) -> Any:
        """Forget the body and the value; returns the value for the caller to free, or None while a batch is at work on it.

        The call itself may stay in a queue long after nobody waits for it any more.
        """
        self.body = b""
        if self.started_at and self.outcome is None:
            return None
        value, self.item = self.item, None
        return value

    def is_wanted(self, now: float) -> bool:
        """Whether somebody still waits for it, and its deadline is ahead."""
        return not self.settled and now < self.deadline

    def context(self, api: str) -> Context:
        return Context(self.request_id, api, self.head.headers, self.deadline)

    def timing(self) -> Timing:
        """Where its time went so far; stages that it never reached are 0."""
        decode = self.decoded_at - self.received if self.decoded_at else 0.0
        queue = self.started_at - self.decoded_at if self.started_at else 0.0
        return Timing(decode, queue, self.run.model_seconds, self.run.encode_seconds, self.run.rows)
