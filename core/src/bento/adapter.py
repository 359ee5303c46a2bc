"""Adapters: between the bytes on a wire and the values an api works with.

One class serves both directions and every transport: an HTTP body, a form's part, a file, a command-line argument.
The smallest one is a `name`, its `media_types`, `decode` and `encode`; `bento.testing.AdapterTests` tests what it owes its users.
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

    Adapters hold no state between requests: a request is decoded alone, and nothing in it may influence another.
    """

    name: ClassVar[str]
    """The adapter's name in the manifest, unique over all plugins."""
    media_types: tuple[str, ...]
    """What is read and written, lower case; the first is written by default. `image/*` and `*/*` are read only."""
    request_headers: tuple[str, ...] = ()
    """Headers of a request that decoding depends on, lower case; `Payload.headers` has those that came."""
    costly: bool = False
    """Whether even a small body can take many milliseconds to decode, as an image's does: a server then decodes beside its event loop."""

    __signature__ = Parameters()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Asked only where something was given: an adapter may be made for each answer.
        if (args or kwargs) and (wrong := misfit(cls, args, kwargs, reprlib.repr)):
            raise DefinitionError(wrong)
        return super().__new__(cls)

    def __init__(self) -> None:
        """An adapter with options has a constructor of its own."""

    @abstractmethod
    def decode(self, payload: Payload) -> T:
        """The value of one body. Malformed bytes are a BadInput (400), a well-formed value that does not fit an InvalidInput (422)."""

    @abstractmethod
    def encode(self, value: T, media_type: str) -> bytes:
        """The body for one value, in one of the adapter's own media types. A value it cannot write is a TypeError or ValueError."""

    def decode_all(self, bodies: Sequence[ReadableBuffer], media_type: str) -> Sequence[T] | None:
        """The values of several small bodies that have come together, all of one group, each exactly as `decode` gives it.

        None, or any error, has them decoded one by one: define it where there is something quicker. The
        media type is empty when the senders named none; it has no parameters but those that the adapter `ignores`.
        """
        return None

    def ignores(self, media_type: str, parameters: Mapping[str, str]) -> bool:
        """Whether `decode` reads any body with these parameters as it does without them, as it does JSON with `charset=utf-8`."""
        return False

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        """The bodies for a whole batch's result, exactly those that `unstack` and `encode` give, and all of one `content_type`.

        None, or any error, has the result cut and encoded value by value.
        """
        return None

    def content_type(self, media_type: str, body: bytes) -> str:
        """The Content-Type header that goes with an encoded body: the media type, and what else a reader must know."""
        return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type

    def rows(self, item: T) -> int | None:
        """How many rows an item brings to a batch.

        `None`: the item is one row itself, and its answer is one element of the result. `k`: it has a leading axis of
        `k` rows (1 and 0 too), and its answer is that many rows of the result.
        """
        return None

    def group(self, item: T) -> Hashable:
        """Items of different groups are never stacked, such as arrays of another dtype or trailing shape."""
        return None

    def alone(self, item: T) -> T:
        """What an api without batches is called with: the item, unless `stack` does what one alone needs too, such as move it to a GPU."""
        return item

    def stack(self, items: Sequence[T]) -> Any:
        """Many items of one group as the batch that the api is called with: a list, unless the adapter knows better."""
        return list(items)

    def unstack(self, result: Any, rows: Sequence[int | None]) -> list[T]:
        """Cut a batch's result back into one value per item; `rows` is what the input's `rows` said of each, in order.

        A result with another number of rows than went in is a ValueError, so no answer ever reaches another caller.
        """
        return cut(result, rows)

    def join(self, parts: Sequence[T]) -> Any:
        """Several values' rows as one value: the answer to a request that was too large for one batch."""
        return [row for part in parts for row in _rows_of(part)]

    def schema(self) -> dict[str, JSON]:
        """A JSON Schema (2020-12) of the value as JSON, with at least one entry in `examples`."""
        return {}

    def options(self) -> dict[str, JSON]:
        """The constructor's arguments that the manifest must remember."""
        return {}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        """The adapter for a parameter or return annotation, if this class is the one for it."""
        return None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        """The adapter for a returned value, if this class is the one for it."""
        return None

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self.options().items())
        return f"{type(self).__name__}({options})"


def decodes_all(kind: type[Adapter[Any]]) -> bool:
    """Whether its `decode_all` counts: a subclass with a `decode` or `group` of its own may inherit one that does not match them."""
    return _is_as_new(kind, "decode_all", "decode", "group")


def ignored(adapter: Adapter[Any], media_type: str, parameters: Mapping[str, str]) -> bool:
    """Whether these parameters change nothing; an `ignores` that a subclass inherits does not count if it has a `decode` of its own."""
    return not parameters or (_is_as_new(type(adapter), "ignores", "decode") and adapter.ignores(media_type, parameters))


def encodes_all(kind: type[Adapter[Any]]) -> bool:
    """Whether its `encode_all` counts: a subclass may inherit one that does not match what it overrides."""
    return _is_as_new(kind, "encode_all", "encode", "unstack", "content_type")


@lru_cache(maxsize=256)
def _is_as_new(kind: type[Adapter[Any]], name: str, *others: str) -> bool:
    """Whether a method is defined by the same class as all others, or by one that inherits from theirs."""
    names = {name, *others}
    return next(name in vars(base) for base in kind.__mro__ if not names.isdisjoint(vars(base)))


def reads(media_types: Sequence[str], media_type: str) -> bool:
    """Whether an adapter with these media types reads `media_type`: by name, by `type/*` or `*/*`, or as JSON under a `+json` suffix."""
    if media_type in media_types or "*/*" in media_types:
        return True
    kind = media_type.partition("/")[0]
    return f"{kind}/*" in media_types or (media_type.endswith("+json") and "application/json" in media_types)


def _rows_of(part: Any) -> Iterable[Any]:
    """The rows of a value: a table becomes an array first, as iterating over it would give its columns."""
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
        # Two values that a method returns would be the rows of a batch that happens to have two.
        raise _unfit(total, f"a {kind}, which is several values")
    if None in rows and hasattr(result, "itercolumns"):
        # A bare number stands for a column of pyarrow's tables, with everybody's rows.
        raise _unfit(total, f"a {kind}, whose elements are columns")
    try:
        length = len(result)
    except TypeError:
        raise _unfit(total, f"a {kind} that has no length") from None
    if length != total:
        raise ValueError(f"expected a result of {total} rows, one for each row of the batch, got {length}")
    if hasattr(result, "iloc"):
        _check_order(result, total)
        result = result.iloc  # a table or series itself takes a bare number for a label, which may be another row's
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
