"""Draining: everything that the kernel has accepted is answered, and every connection ends with an answer that says so.

When a server stops, a connection is in one of three states: it waits in the kernel for a process to take it, it is between two requests, or
one of its requests runs. Closing the listening socket would reset the first kind, so the kernel's queue is emptied first. Closing the
second kind would race with a client that is just sending its next request, so such a connection stays open for a moment, and a request on
it is answered. The last of a connection's answers, and no other, says `connection: close` (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING

from ..calls.limits import LAST_CALL_SECONDS
from ..http.kernel import has_input
from .sockets import InheritedSocket, NamedSocket

if TYPE_CHECKING:
    from collections.abc import Iterable

    import uvicorn

_LONGEST_QUEUE = 5.0
_LOOK_EVERY = 0.01
_CLOSE = (b"connection", b"close")

_SO_ATTACH_FILTER = 26
# A program for the kernel's packet filter: load the byte of flags from the TCP header; if SYN is set, keep nothing; else keep all.
_NO_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))


def plug(listener: socket.socket) -> None:
    """Let no more connections begin on a listening socket, for all processes that share it; those in its queue stay.

    Without this, a connection that comes between the last look at the queue and the close is reset. An inherited socket stays as it is,
    because the next process that listens takes what this one does not. A Unix domain socket loses its path, so that nobody finds it any
    more. Source: socket(7), SO_ATTACH_FILTER; the kernel's filter.rst.
    """
    if isinstance(listener, NamedSocket):
        listener.unname()
        return
    if sys.platform != "linux" or isinstance(listener, InheritedSocket):
        return
    import ctypes

    instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in _NO_SYN))
    program = struct.pack("HP", len(_NO_SYN), ctypes.addressof(instructions))
    # A kernel without filters is left with the race, which lasts for microseconds.
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


async def drain(server: uvicorn.Server, listeners: Iterable[socket.socket]) -> None:
    """Take what waits in the queue, stop listening, and return once every connection, and every task that answers, has ended."""
    from ..http.fast import fits

    state = server.server_state
    if fits():
        for connection in list(state.connections):
            connection.last_call()  # type: ignore[union-attr]  # each of them is one of ours
    else:
        _tell_all(state)
    for listener in listeners:
        await _empty_queue(listener)
    for listening in server.servers:
        listening.close()
    for listener in listeners:
        listener.close()
    last_call = time.monotonic() + LAST_CALL_SECONDS
    while state.connections or state.tasks:
        await asyncio.sleep(_LOOK_EVERY)
        if time.monotonic() >= last_call:
            _close_idle(state)


def _tell_all(state: uvicorn.server.ServerState) -> None:
    """Have every answer say that it is the last of its connection, as far as uvicorn's own protocol allows."""
    state.default_headers = [*state.default_headers, _CLOSE]
    for connection in list(state.connections):
        cycle = getattr(connection, "cycle", None)
        if cycle is not None and not cycle.response_complete:
            # Otherwise older releases of uvicorn would close the connection without a word on the client's next request.
            cycle.default_headers = state.default_headers
            connection.shutdown()


async def _empty_queue(listener: socket.socket) -> None:
    """Let the loop take the connections that wait, but not for ever: if other processes go on listening, more may come without end."""
    enough = time.monotonic() + _LONGEST_QUEUE
    while has_input(listener) and time.monotonic() < enough:
        await asyncio.sleep(0)


def _close_idle(state: uvicorn.server.ServerState) -> None:
    """Close what is idle, but not what has a request in the kernel that the loop has yet to read."""
    for connection in list(state.connections):
        transport = connection.transport
        if not (transport.is_closing() or has_input(transport.get_extra_info("socket"))):
            connection.shutdown()
