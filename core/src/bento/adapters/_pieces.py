"""Large JSON, read a piece at a time.

Parsing is one call that holds the interpreter: 40 megabytes of JSON stop every other thread for half a second. Read in pieces of
an eighth of a megabyte, they stop no thread for more than a few milliseconds, and take half as long again in total. A text is cut at
commas outside of strings. The brackets that are open at a cut are closed at the end of the piece before it and opened again at the
beginning of the piece after it. So every piece is JSON, the parser sees every byte, and the values of a piece are added to the
containers that were open.
"""

from __future__ import annotations

import gc
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, TooLarge
from ..garbage import uncollected

if TYPE_CHECKING:
    import numpy as np
    import orjson

    Array = np.ndarray[Any, Any]

PIECE = 128 * 1024
LARGE = 1024 * 1024
"""In bytes: larger documents are not parsed in one call."""
MOST = 5_000_000
"""The most lists and objects in a large document: each takes two or three bytes of text, but about a hundred bytes of memory."""

_SPACE = b" \t\n\r"
_QUOTE, _BACKSLASH, _COMMA, _BRACKET, _OPENING, _CLOSING = b'"\\,[{}'

# Stands in for the key of a container that continues in the next piece, whatever its real key is. No client can guess it.
_KEY = secrets.token_hex(16)
_OBJECT = f'{{"{_KEY}":'.encode()

# Cached, because counting takes about ten milliseconds when the objects of a framework are frozen, and no time when none are.
_frozen = cache(gc.get_freeze_count)


def parse(text: bytes | bytearray, deepest: int, *, piece: int = PIECE) -> Any:
    """The value of a JSON text, the same as the parser gives in one call.

    Malformed text and more than `deepest` levels are BadInput; more than `MOST` lists and objects are TooLarge. `piece` is in bytes.
    """
    with without_collector():
        return _parse(text, _Scanner(text, deepest, piece))


def _parse(text: bytes | bytearray, scanner: _Scanner) -> Any:
    spine: list[Any] = []
    root: Any = None
    while True:
        start, end = scanner.start, scanner.cut()
        value = _load(text, start, end, spine, scanner.opened)
        if spine:
            _add(value, spine)
        else:
            root = value
        if end == len(text):
            return root
        spine = _descend(spine[: scanner.kept] or [root], text, scanner.opened)


def check_count(containers: int) -> None:
    """Refuse a document of more than `MOST` lists and objects."""
    if containers > MOST:
        raise TooLarge(f"the body holds more than {MOST} lists and objects: send numbers as an array of bytes, or fewer at once")


@contextmanager
def without_collector() -> Iterator[None]:
    """Turn the garbage collector off, and keep it from scanning the objects that are made inside the block.

    To look for cycles in millions of new objects, which have none, would stop all threads for as long as parsing does.
    """
    with uncollected():
        try:
            yield
        finally:
            if not _frozen():
                # Both are fast, and together they move all living objects into the oldest generation, which is scanned rarely.
                gc.freeze()
                gc.unfreeze()
                _frozen.cache_clear()


class _Scanner:
    """Walks through a text and finds where to cut it, which containers are open there, and where each one was opened."""

    def __init__(self, text: bytes | bytearray, deepest: int, piece: int) -> None:
        import numpy as np

        self._bytes = np.frombuffer(text, np.uint8)
        self._deepest = deepest
        self._piece = piece
        self._in_string = False
        self._backslashes = 0
        self._containers = 0
        self.start = 0
        self.opened: list[int] = []
        self.kept = 0

    def cut(self) -> int:
        """The position of the next comma to cut at, or the end of the text. `kept` containers have been open since the last cut."""
        self.kept = len(self.opened)
        while self.start < len(self._bytes):
            block = self._bytes[self.start : self.start + self._piece]
            is_last = self.start + self._piece >= len(self._bytes)
            outside = self._outside(block)
            commas = [] if is_last else ((block == _COMMA) & outside).nonzero()[0]
            end = int(commas[-1]) + 1 if len(commas) else len(block)
            self._follow(block[:end], outside[:end])
            self.start += end
            if len(commas):
                self._in_string, self._backslashes = False, 0
                if self.opened:
                    return self.start - 1
        return len(self._bytes)

    def _outside(self, block: Array) -> Array:
        """Which bytes of a block are outside of strings. An opening quote counts as inside, a closing quote as outside."""
        import numpy as np

        quotes = block == _QUOTE
        backslashes = block == _BACKSLASH
        if self._backslashes or backslashes.any():
            quotes &= ~self._escaped(backslashes)
        if not quotes.any():
            return np.full(len(block), not self._in_string)
        outside: Array = np.logical_xor.accumulate(quotes) ^ (not self._in_string)
        self._in_string = not outside[-1]
        return outside

    def _escaped(self, backslashes: Array) -> Array:
        """Which bytes follow an odd number of backslashes."""
        import numpy as np

        places = np.arange(len(backslashes))
        others = np.maximum.accumulate(np.where(backslashes, -1 - self._backslashes, places))
        runs = places - others
        before = np.concatenate(([self._backslashes], runs[:-1]))
        self._backslashes = int(runs[-1])
        escaped: Array = before % 2 == 1
        return escaped

    def _follow(self, block: Array, outside: Array) -> None:
        """Note which containers open and close in a block."""
        import numpy as np

        lower = block | 0x20  # makes brackets look like braces
        opening = lower == _OPENING
        places = ((opening | (lower == _CLOSING)) & outside).nonzero()[0]
        if not len(places):
            return
        self._containers += int(opening[places].sum())
        check_count(self._containers)
        levels = len(self.opened) + np.cumsum(np.where(opening[places], 1, -1))
        if levels.max() > self._deepest:
            raise BadInput(f"the body is nested deeper than {self._deepest} levels")
        del self.opened[max(0, int(levels.min())) :]
        self.kept = min(self.kept, len(self.opened))
        for level in range(len(self.opened) + 1, int(levels[-1]) + 1):
            last = ((levels == level) & opening[places]).nonzero()[0][-1]
            self.opened.append(self.start + int(places[last]))


def _load(text: bytes | bytearray, start: int, end: int, spine: list[Any], opened: list[int]) -> Any:
    """The value of a piece, nested in the containers that are open before it."""
    import orjson

    body = text[start:end].strip(_SPACE)
    before = [b"[" if isinstance(container, list) else _OBJECT for container in spine]
    if before and before[-1] is _OBJECT:
        before[-1] = b"{"
    after = [b"]" if text[place] == _BRACKET else b"}" for place in reversed(opened)] if end < len(text) else []
    # With the added brackets, nothing before or after a comma would be an empty container, and the stray comma would go unnoticed.
    if (before and body[:1] in (b"", b"]", b"}")) or (after and body[-1:] in (b"", b"[", b"{")):
        raise BadInput(f"the body is not JSON: a value is missing beside a comma near byte {start if before else end}")
    try:
        return orjson.loads(b"".join([*before, body, *after]))
    except orjson.JSONDecodeError as error:
        check_memory(error)
        raise BadInput(f"the body is not JSON: {error.msg}, near byte {start + max(0, error.pos - len(b''.join(before)))}") from error


def check_memory(error: orjson.JSONDecodeError) -> None:
    """Raise a MemoryError if the parser ran out of memory, because that is not the client's fault."""
    if error.msg.startswith(("Not enough memory", "memory allocation failed")):  # the latter under orjson 3.10
        raise MemoryError(error.msg) from error


def _add(value: Any, spine: list[Any]) -> None:
    """Add the values of a piece to the containers that were open before it."""
    for level, container in enumerate(spine):
        is_last = level == len(spine) - 1
        if isinstance(container, list):
            below = None if is_last else value[0]
            container.extend(value if is_last else value[1:])
        else:
            below = None if is_last else value.pop(_KEY)
            container.update(value)
        value = below


def _descend(spine: list[Any], text: bytes | bytearray, opened: list[int]) -> list[Any]:
    """The containers that are open now: those of `spine`, which are still open, and the ones opened since, the innermost last."""
    for place in opened[len(spine) :]:
        parent = spine[-1]
        spine.append(parent[-1] if isinstance(parent, list) else parent[_key_before(text, place)])
    return spine


def _key_before(text: bytes | bytearray, place: int) -> str:
    """The key of the container that is opened at `place`."""
    import orjson

    end = _last_byte(text, _last_byte(text, place))
    start = text.rfind(b'"', 0, end)
    while _is_escaped(text, start):
        start = text.rfind(b'"', 0, start)
    key: str = orjson.loads(text[start : end + 1])
    return key


def _is_escaped(text: bytes | bytearray, place: int) -> bool:
    """Whether the byte at `place` follows an odd number of backslashes."""
    first = place
    while text[first - 1] == _BACKSLASH:
        first -= 1
    return (place - first) % 2 == 1


def _last_byte(text: bytes | bytearray, place: int) -> int:
    """The position of the last byte before `place` that is not white space."""
    place -= 1
    while text[place] in _SPACE:
        place -= 1
    return place
