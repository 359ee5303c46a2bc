"""What the tests for an adapter are made of: its author's part, and the checks that several tests share."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from hypothesis import strategies as st

from ..adapter import Adapter, ignored, reads
from ..errors import BadInput
from ..payload import Payload
from ._bodies import PARAMETERS
from ._kit import Draw, expect
from ._requests import is_base64, unpacked
from ._same import same

_LONGEST_MESSAGE = 2000
_TRIES = 3


class AdapterChecks:
    """An adapter, values of it, and whether two of them are the same."""

    adapter: ClassVar[Adapter[Any]]
    seconds: ClassVar[float] = 2.0
    """How long one body of about a megabyte may take, whatever is in it."""
    imports: ClassVar[frozenset[str]] = frozenset()
    """Small packages that the plugin imports at once, beside bento and the standard library."""
    _kept: st.SearchStrategy[Any] | None = None

    def values(self) -> Sequence[Any] | st.SearchStrategy[Any]:
        """Values that the adapter reads and writes without loss: a list, or a hypothesis strategy."""
        raise NotImplementedError(f"{type(self).__name__}.values() is missing: return a list of values, or a hypothesis strategy")

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values are the same; by default, in type and to the last bit."""
        return same(one, other)

    def example_payload(self, example: Any) -> Payload:
        """The request that an example of the schema stands for: JSON where that is read, else the text itself, or the bytes that it is
        the base64 of where `contentEncoding` says so."""
        if reads(self.adapter.media_types, "application/json") and "*/*" not in self.adapter.media_types:
            return Payload(json.dumps(example).encode(), "application/json")
        if is_base64(self.adapter):
            payload = unpacked(self.adapter, example)
            expect(payload, f"the example {example!r} is no base64, which it is by the contentEncoding of schema()")
            return cast("Payload", payload)
        expect(
            isinstance(example, str),
            f"the example {example!r} is neither JSON nor text: define example_payload(), which makes a request of it",
        )
        return Payload(example.encode(), self.adapter.media_types[0])

    def _strategy(self) -> st.SearchStrategy[Any]:
        """One strategy for all draws of a test: to look through a new one takes hypothesis longer than to draw from it.

        A list is asked for anew, for a value that was changed must not come again.
        """
        if self._kept is None:
            values = self.values()
            if not isinstance(values, st.SearchStrategy):
                expect(len(values) > 0, f"{type(self).__name__}.values() is empty: return some values")
                return st.sampled_from(list(values))
            self._kept = values
        return self._kept

    def _one_group(self, draw: Draw) -> list[Any]:
        """Some items that may be in one batch."""
        items = draw(st.lists(self._strategy(), min_size=1, max_size=6), label="items")
        groups = [self.adapter.group(item) for item in items]
        try:
            set(groups)
        except TypeError as error:
            raise AssertionError(f"group() returns what cannot be a key of a dict: {error}: return texts, numbers and tuples") from error
        return [item for item, group in zip(items, groups, strict=True) if group == groups[0]]

    def _written(self) -> list[str]:
        return [media_type for media_type in self.adapter.media_types if "*" not in media_type]

    def _read(self) -> list[str]:
        """A media type for each that is read, with one for every wildcard."""
        names = {"*/*": "application/x-anything", "text/*": "text/csv", "multipart/*": "multipart/form-data"}
        return [names.get(media_type, media_type.replace("*", "x-anything")) for media_type in self.adapter.media_types]

    def _text_types(self) -> list[str]:
        return [media_type for media_type in self._written() if media_type.startswith("text/") or media_type.endswith("json")]

    def _request(self, value: Any, media_type: str) -> Payload:
        """The payload that a client sends for a value."""
        body = self.adapter.encode(value, media_type)
        expect(type(body) is bytes, f"encode() returns a {type(body).__name__} for {media_type}: return bytes")
        header = self.adapter.content_type(media_type, body)
        payload = Payload.of(body, header)
        expect(
            payload.media_type == media_type, f"content_type() gives {header!r} for {media_type}: keep the media type, and add parameters"
        )
        return payload

    def _decode(self, payload: Payload, what: str) -> Any:
        """The value of a body that must be read."""
        try:
            return self.adapter.decode(payload)
        except Exception as error:
            raise AssertionError(
                f"{what} raises {type(error).__name__}: {error}: read every buffer and body that encode() could make"
            ) from error

    def _check_same(self, found: Any, expected: Any, what: str) -> None:
        if not self.same(found, expected):
            raise AssertionError(f"{what} gives {found!r} instead of {expected!r}: mend it, or define same() where loss is meant")

    def _check_survives(self, payload: Payload) -> None:
        """Any body is a value or a BadInput, soon; a busy machine may spoil a try."""
        what = f"decode() of {bytes(payload.data[:100])!r} as {payload.media_type!r} with {dict(payload.parameters)!r}"
        took = math.inf
        for _ in range(_TRIES):
            started = time.perf_counter()
            self._decode_or_refuse(payload, what)
            took = min(took, time.perf_counter() - started)
            if took <= self.seconds:
                return
        raise AssertionError(f"{what} takes {took:.1f} seconds: check sizes and depths before building anything")

    def _decode_or_refuse(self, payload: Payload, what: str) -> None:
        try:
            self.adapter.decode(payload)
        except BadInput as error:
            said = str(error)
            expect(
                said and len(said) < _LONGEST_MESSAGE, f"{what} raises a BadInput that says {said[:100]!r}: say in a sentence what is wrong"
            )
        except Exception as error:
            raise AssertionError(
                f"{what} raises {type(error).__name__}: {error}: make malformed bytes a BadInput, and values that do not fit InvalidInput"
            ) from error

    def _check_refused(self, payload: Payload, what: str, advice: str) -> None:
        try:
            value = self.adapter.decode(payload)
        except BadInput:
            return
        raise AssertionError(f"{what} gives {value!r}: {advice}")

    def _stacked(self, items: Sequence[Any]) -> Any:
        """Items of one group as a batch, made of a list of their own, as a server makes it, so that none of them changes or moves."""
        before = copy.deepcopy(items)
        try:
            batch = self.adapter.stack(list(items))
        except Exception as error:
            group = self.adapter.group(items[0])
            raise AssertionError(
                f"stack() of {items!r} raises {type(error).__name__}: {error}: give them different groups, where group() gives {group!r}"
            ) from error
        for item, as_it_was in zip(items, before, strict=True):
            # What is not even the same as itself, as NaN is to most that compare, tells nothing.
            kept = self.same(item, as_it_was) or not self.same(as_it_was, as_it_was)
            if not kept:
                raise AssertionError(
                    f"stack() makes {item!r} of the item {as_it_was!r}: copy it, for it is stacked again if its batch fails"
                )
        return batch

    def _check_read_together(self, bodies: Sequence[bytes], media_type: str) -> None:
        """What `decode_all` gives, if anything, is what each body gives alone."""
        try:
            values = self.adapter.decode_all(bodies, media_type)
        except Exception:  # noqa: BLE001 - they are decoded one by one then
            return
        if values is None:
            return
        what = f"decode_all() of {len(bodies)} bodies of {media_type}"
        expect(len(values) == len(bodies), f"{what} gives {len(values)} values: give one for each, in order, or None")
        for parameters in (each for each in PARAMETERS if ignored(self.adapter, media_type, each)):
            though = f"{what} with {parameters!r}, which ignores() says to mean nothing," if parameters else what
            for body, value in zip(bodies, values, strict=True):
                self._check_alone(Payload(body, media_type, parameters), value, though)
        groups = [self.adapter.group(value) for value in values]
        expect(all(group == groups[0] for group in groups), f"{what} gives values of several groups: give None then")

    def _check_alone(self, payload: Payload, value: Any, what: str) -> None:
        """What a body gives with others is what it gives alone."""
        try:
            alone = self.adapter.decode(payload)
        except BadInput as error:
            raise AssertionError(f"{what} gives {value!r} for {payload.data[:100]!r}, which decode() refuses: give None then") from error
        # A damaged body may hold what is not even the same as itself, as NaN is to most that compare.
        if self.same(alone, self.adapter.decode(payload)):
            self._check_same(value, alone, what)

    def _check_written_together(self, group: Sequence[Any], media_type: str) -> None:
        """What `encode_all` gives, if anything, is what each part of the result gives alone."""
        adapter, rows = self.adapter, [self.adapter.rows(item) for item in group]
        result = self._stacked(group)
        try:
            bodies = adapter.encode_all(result, rows, media_type)
        except Exception:  # noqa: BLE001 - they are encoded one by one then
            return
        if bodies is None:
            return
        alone = [adapter.encode(value, media_type) for value in adapter.unstack(result, rows)]
        expect(
            list(bodies) == alone,
            f"encode_all() gives {bodies!r} for parts that encode() writes as {alone!r}: give the same bytes, or None",
        )
