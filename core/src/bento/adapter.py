"""Adapters: they convert between the bytes on a wire and the values that an api works with.

One class serves both directions and every transport: an HTTP body, a form's part, a file, a command-line argument. The smallest adapter has
a `name`, `media_types`, `decode` and `encode`; `bento.testing.AdapterTests` tests what every adapter must do.
"""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

from .constructor import Parameters, misfit
from .errors import DefinitionError

if TYPE_CHECKING:
    from .artifact import JSON
    from .payload import Payload, ReadableBuffer

T = TypeVar("T")


class Adapter(ABC, Generic[T]):
    """Reads a request body as a `T`, writes a `T` as a response body, and joins many into one batch.

    Adapters hold no state between requests: each request is decoded alone, and nothing in it may influence another.
    """

    name: ClassVar[str]
    """The adapter's name in the manifest, unique over all plugins."""
    media_types: tuple[str, ...]
    """The media types that are read and written, in lower case; the first is written by default. `image/*` and `*/*` are read only."""
    request_headers: tuple[str, ...] = ()
    """The request headers that decoding depends on, in lower case; `Payload.headers` has those that were sent."""
    costly: bool = False
    """Whether even a small body can take many milliseconds to decode, like an image: a server then decodes it outside its event loop."""

    __signature__ = Parameters()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Checked only if there are arguments, because an adapter may be made for each answer.
        if (args or kwargs) and (wrong := misfit(cls, args, kwargs, reprlib.repr)):
            raise DefinitionError(wrong)
        return super().__new__(cls)

    def __init__(self) -> None:
        """Takes nothing: an adapter with options defines its own constructor."""

    @abstractmethod
    def decode(self, payload: Payload) -> T:
        """The value of one body.

        Raises BadInput (400) for malformed bytes, and InvalidInput (422) for a well-formed value that does not fit.
        """

    @abstractmethod
    def encode(self, value: T, media_type: str) -> bytes:
        """The body for one value, in one of the adapter's own media types.

        Raises TypeError or ValueError for a value that it cannot write.
        """

    def decode_all(self, bodies: Sequence[ReadableBuffer], media_type: str) -> Sequence[T] | None:
        """The values of several small bodies that arrived together, all of one group, each exactly as `decode` returns it.

        If it returns None or raises an error, the bodies are decoded one by one: define it only if it is faster. The media type is empty if
        the senders named none. The only parameters that the bodies may have are those that the adapter `ignores`.
        """
        return None

    def ignores(self, media_type: str, parameters: Mapping[str, str]) -> bool:
        """Whether `decode` reads any body with these parameters as it does without them, such as JSON with `charset=utf-8`."""
        return False

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        """The bodies for a whole batch's result: exactly those that `unstack` and `encode` return, and all with the same `content_type`.

        If it returns None or raises an error, the result is cut and encoded value by value.
        """
        return None

    def content_type(self, media_type: str, body: bytes) -> str:
        """The Content-Type header of an encoded body: the media type, with the parameters that a reader needs."""
        return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type

    def rows(self, item: T) -> int | None:
        """How many rows an item brings to a batch.

        `None`: the item is one row itself, and its answer is one element of the result. `k`: it has a leading axis of
        `k` rows (1 and 0 too), and its answer is that many rows of the result.
        """
        return None

    def group(self, item: T) -> Hashable:
        """The group of an item: only items of equal groups are stacked, such as arrays of the same dtype and trailing shape."""
        return None

    def alone(self, item: T) -> T:
        """The value that an api without batches is called with.

        Override it if `stack` does something that a single item needs too, such as moving it to a GPU.
        """
        return item

    def stack(self, items: Sequence[T]) -> Any:
        """The batch that the api is called with, made of items of one group; a list by default."""
        return list(items)

    def unstack(self, result: Any, rows: Sequence[int | None]) -> list[T]:
        """Cut a batch's result back into one value per item; `rows` has what the input adapter's `rows` returned for each item, in order.

        A result with another number of rows than went in is a ValueError, so no answer ever reaches another caller.
        """
        return cut(result, rows)

    def join(self, parts: Sequence[T]) -> Any:
        """The rows of several values as one value: the answer to a request that was too large for one batch."""
        return [row for part in parts for row in _rows_of(part)]

    def schema(self) -> dict[str, JSON]:
        """A JSON Schema (2020-12) of the value as JSON, with at least one entry in `examples`."""
        return {}

    def options(self) -> dict[str, JSON]:
        """The constructor's arguments, as JSON, that the manifest must keep."""
        return {}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        """The adapter for a parameter or return annotation; None if this class does not claim it."""
        return None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        """The adapter for a returned value; None if this class does not claim it."""
        return None

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self.options().items())
        return f"{type(self).__name__}({options})"


def decodes_all(kind: type[Adapter[Any]]) -> bool:
    """Whether to use its `decode_all`: a subclass that overrides `decode` or `group` may inherit one that does not match them."""
    return _is_as_new(kind, "decode_all", "decode", "group")


def ignored(adapter: Adapter[Any], media_type: str, parameters: Mapping[str, str]) -> bool:
    """Whether these parameters change nothing; an inherited `ignores` does not count if the subclass overrides `decode`."""
    return not parameters or (_is_as_new(type(adapter), "ignores", "decode") and adapter.ignores(media_type, parameters))


def encodes_all(kind: type[Adapter[Any]]) -> bool:
    """Whether to use its `encode_all`: a subclass may inherit one that does not match the methods it overrides."""
    return _is_as_new(kind, "encode_all", "encode", "unstack", "content_type")


@lru_cache(maxsize=256)
def _is_as_new(kind: type[Adapter[Any]], name: str, *others: str) -> bool:
    """Whether the method `name` is defined in the same class as all `others`, or in a class that inherits from theirs."""
    names = {name, *others}
    return next(name in vars(base) for base in kind.__mro__ if not names.isdisjoint(vars(base)))


def reads(media_types: Sequence[str], media_type: str) -> bool:
    """Whether an adapter with these media types reads `media_type`: by name, by `type/*` or `*/*`, or as JSON under a `+json` suffix."""
    if media_type in media_types or "*/*" in media_types:
        return True
    kind = media_type.partition("/")[0]
    return f"{kind}/*" in media_types or (media_type.endswith("+json") and "application/json" in media_types)


def _rows_of(part: Any) -> Iterable[Any]:
    """The rows of a value: a table becomes an array first, because iterating over it would give its columns."""
    if not (hasattr(part, "columns") and hasattr(part, "__array__")):
        return cast("Iterable[Any]", part)
    import numpy as np

    return np.asarray(part)


def cut(result: Any, rows: Sequence[int | None]) -> list[Any]:
    """Slices of a sequence: an element for each `None`, `k` rows for each `k`; a length that does not fit is a ValueError."""
    ends = list(accumulate(1 if count is None else count for count in rows))
    total = ends[-1] if ends else 0
    kind = type(result).__name__
    if isinstance(result, str | bytes | bytearray | Mapping | AbstractSet):
        raise _unfit(total, f"a {kind}, which has none")
    if isinstance(result, tuple):
        # If a method returns two values by mistake, they would pass for the rows of a batch of two.
        raise _unfit(total, f"a {kind}, which is several values")
    if None in rows and hasattr(result, "itercolumns"):
        # Indexing a pyarrow table with a number gives a column, with the rows of all callers.
        raise _unfit(total, f"a {kind}, whose elements are columns")
    try:
        length = len(result)
    except TypeError:
        raise _unfit(total, f"a {kind} that has no length") from None
    if length != total:
        raise ValueError(f"expected a result of {total} rows, one for each row of the batch, got {length}")
    if hasattr(result, "iloc"):
        _check_order(result, total)
        result = result.iloc  # a table or series itself takes a number as a label, which may be another row's
    if not hasattr(result, "__getitem__"):
        raise _unfit(total, f"a {kind}, of which no part can be taken")
    return [result[end - 1] if count is None else result[end - count : end] for end, count in zip(ends, rows, strict=True)]


def _check_order(table: Any, total: int) -> None:
    """Refuse a table or series that was sorted: its labels still say where each row was in the batch, or in its list of documents."""
    index: Any = getattr(table, "index", None)
    if getattr(index, "is_monotonic_increasing", True) or getattr(index, "dtype", None) != "int64":
        return
    if sorted(index) == list(range(total)):
        got = f"a {type(table).__name__} whose index says that they were sorted"
        raise ValueError(f"expected a result of {total} rows in their own order, got {got}: return it after sort_index()")


def _unfit(total: int, got: str) -> ValueError:
    return ValueError(f"expected a result of {total} rows, got {got}: return a list or an array, with one result for each row")
