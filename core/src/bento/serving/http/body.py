"""Bodies: the bytes of one request that have come, the room they take meanwhile, and the time until all must be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from ..calls.room import Room


class Body:
    """What a parser gave of a body, and, when that was not all, the rest as it comes: in it there is nothing to parse, and a parser
    would copy it twice."""

    __slots__ = ("_held", "_pieces", "_rest", "_room", "missing", "timer")

    def __init__(self, room: Room) -> None:
        self.missing = 0
        self.timer: asyncio.TimerHandle | None = None
        self._room = room
        self._pieces: list[bytes] = []
        self._rest = bytearray()
        self._held = 0

    def add(self, piece: bytes) -> None:
        """Keep what a parser gave."""
        self._pieces.append(piece)

    def expect(self, length: int, size: int) -> None:
        """Wait for the rest of `length` bytes, after a packet of `size` bytes; without room for that, Overloaded."""
        self._room.take(size)
        self._held += size
        if not self.missing:
            self._rest = bytearray().join(self._pieces)
            self._pieces = []
            self.missing = length - len(self._rest)

    def fill(self, data: bytes) -> int:
        """Keep what belongs to the body of the packet after one that did not end it; returns how many bytes do."""
        size = min(len(data), self.missing)
        self._rest += data if size == len(data) else memoryview(data)[:size]
        self.missing -= size
        return size

    def whole(self) -> bytes | bytearray:
        """All of it, for which no more room is taken here."""
        pieces = self._pieces
        body = self._rest or (pieces[0] if len(pieces) == 1 else b"".join(pieces))
        self.drop()
        return body

    def drop(self) -> None:
        """Forget it, and wait for it no longer."""
        self._pieces, self._rest, self.missing = [], bytearray(), 0
        self._room.give(self._held)
        self._held = 0
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
