"""Draining: everything that the kernel has accepted is answered, and every connection ends with an answer that says so.

A connection waits in three places: in the kernel, for a process to take it; between two requests; and behind a request that runs.
Closing the listening socket resets the first kind, so its queue is emptied first. Closing the second kind races with a client that
is just sending its next request, so such a connection stays open for a moment, and whoever asks meanwhile is answered with
`connection: close`.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    import uvicorn

_LAST_CALL = 0.5
_LOOK_EVERY = 0.01
_CLOSE = (b"connection", b"close")

_SO_ATTACH_FILTER = 26
# A program of one instruction for the kernel's packet filter: return 0, keep nothing of any packet.
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)


class _HasNumber(Protocol):
    def fileno(self) -> int: ...


def plug(listener: socket.socket) -> None:
    """Let no more connections into a listening socket's queue, for all processes that share it; those in it stay.

    Without it, a connection that comes between the last look at the queue and the close is reset. Source: socket(7), SO_ATTACH_FILTER.
    """
    if sys.platform != "linux":
        return
    import ctypes

    instructions = ctypes.create_string_buffer(_DROP_ALL)
    program = struct.pack("HP", 1, ctypes.addressof(instructions))
    # A kernel without filters is left with the race, which lasts for microseconds.
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


async def drain(server: uvicorn.Server, listeners: Iterable[socket.socket]) -> None:
    """Take what waits in the queue, stop listening, and return when every connection has ended, and every task that answers."""
    loop = asyncio.get_running_loop()
    last_call = loop.time() + _LAST_CALL
    state = server.server_state
    state.default_headers = [*state.default_headers, _CLOSE]
    for connection in list(state.connections):
        cycle = getattr(connection, "cycle", None)
        if cycle is not None and not cycle.response_complete:
            connection.shutdown()
    for listener in listeners:
        while _has_input(listener) and loop.time() < last_call:
            await asyncio.sleep(0)
    for listening in server.servers:
        listening.close()
    for listener in listeners:
        listener.close()
    while state.connections and loop.time() < last_call:
        await asyncio.sleep(_LOOK_EVERY)
    await _close_all(state)


async def _close_all(state: uvicorn.server.ServerState) -> None:
    """Close what is idle, and what is not once it is; a connection whose next request is in the kernel already gets its answer."""
    spared: set[object] = set()
    while state.connections or state.tasks:
        for connection in list(state.connections):
            if connection not in spared and _has_input(connection.transport.get_extra_info("socket")):
                spared.add(connection)
            else:
                connection.shutdown()
        await asyncio.sleep(_LOOK_EVERY)


def _has_input(source: _HasNumber) -> bool:
    """Whether there is something to accept or to read, and nobody has yet."""
    waiting = select.poll()
    waiting.register(source.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
