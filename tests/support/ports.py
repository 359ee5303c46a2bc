"""Ports for servers that cannot choose their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

HOST = "127.0.0.1"


@contextmanager
def reserved(number: int = 1) -> Iterator[list[int]]:
    """Ports of loopback that no other program is given during the block. Nothing listens there until the servers for them do.

    A program that reuses addresses, as servers do, may listen on a port to which another such program is bound without listening:
    socket(7), SO_REUSEADDR.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind((HOST, 0))
        yield [each.getsockname()[1] for each in sockets]
