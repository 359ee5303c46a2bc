"""Stand-ins: they take the place of a cycle, a parser, a transport or a connection where uvicorn's or the transport's own would do harm."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ..calls.limits import LINGER_SECONDS

if TYPE_CHECKING:
    from .ending import Ending


class _Ahead:
    """Stands in for a cycle while answers of the fast lane are still ahead of a request on the ordinary lane."""

    response_complete = False


AHEAD: Any = _Ahead()


class Deaf:
    """Stands in for a parser once nothing more is to be read."""

    def feed_data(self, data: bytes) -> None:
        """Ignore the data."""


class Parting:
    """Stands in for the transport in the cycle of a connection's last answer."""

    def __init__(self, connection: Ending) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection.transport, name)

    def close(self) -> None:
        self._connection.part()


class Linger(asyncio.Protocol):
    """Stands in for a connection in its last seconds, while its client may still be sending: what comes is read and thrown away."""

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        self._protocol = protocol
        self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)
        transport.set_protocol(self)
        transport.resume_reading()
        if not transport.is_closing():
            transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """Throw the data away."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._protocol.connection_lost(exc)
