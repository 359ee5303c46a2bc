"""The rest of a body that did not come whole with its head: the kernel writes it to where the adapter will read it.

Such a body is large, and nothing in it is parsed. `data_received` would get it in pieces that the transport has allocated and filled, and
that would have to be copied together.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ...errors import DeadlineExceeded, Overloaded
from ..calls.answer import headers_for
from ..calls.limits import body_is_late

if TYPE_CHECKING:
    from ..calls.room import Room
    from .heads import PlainHead
    from .protocol import FastProtocol


# The most bytes that are read at once. A transport reads some dozens of times in a row before other callbacks of the loop have a turn.
_MOST = 256 * 1024


class Intake(asyncio.BufferedProtocol):
    """Stands in for a connection at its transport until one body is complete, within the room and the time that the body may take."""

    def __init__(self, connection: FastProtocol, head: PlainHead, room: Room) -> None:
        self._connection = connection
        self._head = head
        self._room = room
        self._held = 0
        self._body = bytearray()
        self._place = memoryview(b"")
        self._seconds = min(head.endpoint.api.timeout, head.timeout)
        self._timer = connection.loop.call_later(self._seconds, self._is_late)

    def begin(self, pieces: Iterable[bytes], size: int) -> None:
        """Wait for the rest of a body that begins with these pieces, which came in `size` bytes of packets. Refuse it if there is no
        room."""
        try:
            self._take(size)
            self._body = _unset(self._head.length)
        except Overloaded as error:
            self._refuse(error)
        except MemoryError:
            self._refuse(Overloaded(f"there is no memory for a body of {self._head.length} bytes"))
        else:
            there = b"".join(pieces)
            self._place = memoryview(self._body)
            self._place[: len(there)] = there
            self._place = self._place[len(there) :]
            self._connection.read_into(self)

    def end(self) -> None:
        """Stop waiting, and give back all memory."""
        self._timer.cancel()
        self._room.give(self._held)
        self._held = 0
        self._body, self._place = bytearray(), memoryview(b"")

    # What a transport calls

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._place[:_MOST]

    def buffer_updated(self, nbytes: int) -> None:
        self._place = self._place[nbytes:]
        try:
            self._take(nbytes)
        except Overloaded as error:
            self._refuse(error)
            return
        if not self._place:
            self._connection.body_is_there(self._head, self._body)

    def eof_received(self) -> None:
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    # How it fails

    def _take(self, size: int) -> None:
        self._room.take(size)
        self._held += size

    def _refuse(self, error: Overloaded) -> None:
        self._connection.refuse(error.status, str(error), headers=headers_for(error))

    def _is_late(self) -> None:
        self._connection.refuse(DeadlineExceeded.status, body_is_late(self._seconds))


def _unset(size: int) -> bytearray:
    """A bytearray of `size` uninitialized bytes.

    `bytearray(size)` would set them to 0. That takes as long as receiving them, and it uses memory for all that a client announces, even if
    none of it comes.
    """
    return _maker()(None, size)


@functools.cache
def _maker() -> Callable[[None, int], bytearray]:
    import ctypes

    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_char_p, ctypes.c_ssize_t)
    return make(("PyByteArray_FromStringAndSize", ctypes.pythonapi))
