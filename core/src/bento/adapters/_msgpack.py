"""Reading and writing msgpack. Source: the MessagePack specification, https://github.com/msgpack/msgpack/blob/master/spec.md"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from ..errors import BadInput
from ._document import ATOMS, document, simpler
from ._json import DEEPEST, check_depth
from ._pieces import LARGE, check_count, without_collector

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgpack

    from ..payload import Payload, ReadableBuffer

T = TypeVar("T")

# In bytes: what a map around one large value may take before that value, and after it.
_FRAME = 1024
_BIN = {0xC4: 1, 0xC5: 2, 0xC6: 4}

MEDIA_TYPES = frozenset({"application/msgpack", "application/x-msgpack"})


def load(payload: Payload) -> Any:
    """The value of a msgpack payload, of at most `DEEPEST` levels.

    Text becomes str, binary data bytes, and timestamps become aware datetimes in UTC. Other extension types are refused, as are keys that
    are neither text nor bytes.
    """
    value = parse(payload)
    if len(payload.data) > DEEPEST:
        check_depth(value)
    return value


def parse(payload: Payload) -> Any:
    """As `load`, but without its limit of levels (the library's own is 1024). A large document with too many lists and maps is TooLarge."""
    import msgpack

    try:
        _check_whole(payload)
        if len(payload.data) <= LARGE:
            return msgpack.unpackb(payload.data, timestamp=3, ext_hook=_refuse)
        counted = _counter()
        with without_collector():
            return msgpack.unpackb(payload.data, timestamp=3, ext_hook=_refuse, list_hook=counted, object_hook=counted)
    except (msgpack.UnpackException, ValueError, OverflowError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"the body is not msgpack: {str(error) or type(error).__name__}") from error


def parse_around(data: ReadableBuffer, key: str) -> dict[str, object] | None:
    """A map that has bytes under `key` and small values beside them. The bytes are a view of `data`; the library would copy them twice.

    None for any other document, and for a malformed one.
    """
    import msgpack

    body = memoryview(data).cast("B")
    found: dict[str, object] = {}
    walker, start = _walker(body, 0), 0
    try:
        for _ in range(walker.read_map_header()):
            name = walker.unpack()
            if name in found or type(name) is not str:
                return None
            if name != key:
                found[name] = walker.unpack()
                continue
            span = _bin_span(body, start + walker.tell())
            found[name] = body[span]
            walker, start = _walker(body, span.stop), span.stop
    except (msgpack.UnpackException, ValueError, OverflowError, IndexError):
        return None
    return found if key in found and start + walker.tell() == len(body) else None


def dump(value: object) -> bytes:
    """A value as msgpack. Bytes and NaN are kept; everything else is converted as for JSON."""
    import msgpack

    try:
        packed: bytes = msgpack.packb(document(value, ATOMS | {bytes}, _convert))
    except OverflowError as error:
        raise ValueError("the answer holds an integer beyond 64 bits, which msgpack cannot: return it as text") from error
    return packed


def _walker(body: memoryview, start: int) -> msgpack.Unpacker:
    """A reader for the bytes from `start` on. It reads `_FRAME` bytes at most, and refuses headers that declare more elements than that."""
    import msgpack

    walker = msgpack.Unpacker(None, max_buffer_size=_FRAME, max_array_len=_FRAME, max_map_len=_FRAME, ext_hook=_refuse)
    walker.feed(body[start : start + _FRAME])
    return walker


def _bin_span(body: memoryview, place: int) -> slice:
    """Where the binary data lies whose header is at `place`. An IndexError if there is no such header, or if the data is cut off."""
    width = _BIN.get(body[place], 0)
    start = place + 1 + width
    stop = start + int.from_bytes(body[place + 1 : start], "big")
    if not width or stop > len(body):
        raise IndexError
    return slice(start, stop)


def _check_whole(payload: Payload) -> None:
    """Walk through the document without building it, and refuse one that is cut off or followed by more bytes.

    The library allocates as many elements as a header declares, so a kilobyte of nested headers could claim gigabytes. In a complete
    document, every declared element is present.
    """
    import msgpack

    walker = msgpack.Unpacker(None, max_buffer_size=max(len(payload.data), 1))
    walker.feed(payload.data)
    try:
        walker.skip()
    except msgpack.OutOfData as error:
        raise BadInput("the body is not msgpack: it ends too early") from error
    if walker.tell() != len(payload.data):
        raise BadInput(f"the body is not one msgpack document: {len(payload.data) - walker.tell()} bytes follow it")


def _counter() -> Callable[[T], T]:
    """A hook that counts lists and maps as they are built. Because it is Python code, other threads can run while it is called."""
    numbers = count(1)

    def counted(container: T) -> T:
        check_count(next(numbers))
        return container

    return counted


def _convert(value: Any) -> object:
    if isinstance(value, bytearray | memoryview | bytes):
        return bytes(value)
    return simpler(value)


def _refuse(code: int, data: bytes) -> NoReturn:
    raise BadInput(f"msgpack extension type {code} is not read here: send {len(data)} bytes as bin")
