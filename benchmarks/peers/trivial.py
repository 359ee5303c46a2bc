"""A server that reads nothing and always says the same: what the load generator can ask at most. Takes a port as its argument."""

from __future__ import annotations

import select
import socket
import sys

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n0"


def main() -> None:
    """Answer whatever arrives in one piece, until killed."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    clients: dict[int, socket.socket] = {}
    with select.epoll() as poll:
        poll.register(listener, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                if number == listener.fileno():
                    client, _ = listener.accept()
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    clients[client.fileno()] = client
                    poll.register(client, select.EPOLLIN)
                elif clients[number].recv(65536):
                    clients[number].send(ANSWER)
                else:
                    clients.pop(number).close()


if __name__ == "__main__":
    main()
