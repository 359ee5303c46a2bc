"""A call of the fast lane: what stands for one request between its last byte and its turn to be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..calls.call import Call

if TYPE_CHECKING:
    from ..calls.answer import Answer
    from ..calls.endpoint import Endpoint
    from ..calls.request import Request
    from .protocol import FastProtocol


class FastCall(Call):
    """Knows whose request it is, and its answer's bytes once there are any."""

    __slots__ = ("connection", "data", "endpoint")

    def __init__(self, connection: FastProtocol, endpoint: Endpoint, request: Request) -> None:
        Call.__init__(self, request)  # super() would make an object for every request
        self.connection = connection
        self.endpoint = endpoint
        self.data: list[bytes] = []

    def reply(self, answer: Answer) -> None:
        self.connection.answered(self, answer)
