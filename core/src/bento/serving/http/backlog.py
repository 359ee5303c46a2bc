"""The backlog: what a client sends far ahead of its turn is kept unparsed.

A parsed request takes a hundred times the memory of its bytes until it is answered, and a client may send thousands in one packet. So
packets are parsed in pieces, as answers leave. While the rest of a packet waits, nothing more is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.flow_control import FlowControl

if TYPE_CHECKING:
    import asyncio

_END_OF_HEAD = b"\r\n\r\n"
# The least size of a piece. No request is shorter than 18 bytes, so few are in it; and a body full of empty lines is not cut into shorter
# pieces.
_SHORT = 512


class Backlog(FlowControl):
    """The flow control of one connection; reading stays paused while something is kept."""

    # uvicorn's own two attributes are slots, too, because every request reads them.
    __slots__ = ("_packet", "_place", "read_paused", "write_paused")

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._packet = b""
        self._place = 0

    def __bool__(self) -> bool:
        """Whether something is kept."""
        return bool(self._packet)

    def put(self, data: bytes) -> None:
        """Keep what has come, behind what is there."""
        self._packet, self._place = self._packet[self._place :] + data, 0

    def put_back(self, data: bytes) -> None:
        """Keep what is to be read next."""
        self._packet, self._place = data + self._packet[self._place :], 0

    def take(self, requests: int) -> bytes:
        """Take the next piece: it ends with the heads of so many requests, or includes a few more if they are short."""
        packet, start = self._packet, self._place
        end = self._end_of(requests)
        if end >= len(packet):
            self.drop()
        else:
            self._place = end
        return packet[start:end]

    def take_all(self) -> bytes:
        """Everything that is kept."""
        packet, start = self._packet, self._place
        self.drop()
        return packet[start:]

    def drop(self) -> None:
        """Keep nothing."""
        self._packet, self._place = b"", 0

    def resume_reading(self) -> None:
        if not self._packet:
            super().resume_reading()

    def _end_of(self, requests: int) -> int:
        end, least = self._place, self._place + _SHORT
        if least < len(self._packet):
            for _ in range(requests):
                place = self._packet.find(_END_OF_HEAD, end)
                if place < 0:
                    return len(self._packet)
                end = place + len(_END_OF_HEAD)
        return max(end, least)
