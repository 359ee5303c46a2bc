"""The base of the adapter kit: the methods that a plugin's author defines, and the checks that several tests share."""

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
    """An adapter, values that it reads and writes, and how to compare two values."""

    adapter: ClassVar[Adapter[Any]]
    seconds: ClassVar[float] = 2.0
    """How long decoding a body of about a megabyte may take, whatever the body contains."""
    imports: ClassVar[frozenset[str]] = frozenset()
    """Small packages that importing the plugin may import, in addition to bento and the standard library."""
    _kept: st.SearchStrategy[Any] | None = None

    def values(self) -> Sequence[Any] | st.SearchStrategy[Any]:
        """Values that the adapter reads and writes without loss: a list, or a hypothesis strategy."""
        raise NotImplementedError(f"{type(self).__name__}.values() is missing: return a list of values, or a hypothesis strategy")

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values are the same. By default they must have the same type and be equal to the last bit."""
        return same(one, other)

    def example_payload(self, example: Any) -> Payload:
        """The request that an example of the schema stands for.

        By default it is JSON if the adapter reads JSON, otherwise the text itself; or the decoded bytes, if the schema's `contentEncoding`
        is base64.
        """
        if reads(self.adapter.media_types, "application/json") and "*/*" not in self.adapter.media_types:
            return Payload(json.dumps(example).encode(), "application/json")
        if is_base64(self.adapter):
            payload = unpacked(self.adapter, example)
            expect(payload, f"the example {example!r} is not base64, which the contentEncoding of schema() says it is")
            return cast("Payload", payload)
        expect(
            isinstance(example, str),
            f"the example {example!r} is neither JSON nor text: define example_payload(), which makes a request of it",
        )
        return Payload(example.encode(), self.adapter.media_types[0])

    def _strategy(self) -> st.SearchStrategy[Any]:
        """One strategy for all draws of a test, because hypothesis takes longer to examine a new strategy than to draw from it.

        If values() returns a list, it is called anew for each draw, so that a value which a test has changed is not drawn again.
        """
        if self._kept is None:
            values = self.values()
            if not isinstance(values, st.SearchStrategy):
                expect(len(values) > 0, f"{type(self).__name__}.values() is empty: return some values")
                return st.sampled_from(list(values))
            self._kept = values
        return self._kept

    def _one_group(self, draw: Draw) -> list[Any]:
        """Items of the same group, which may be in one batch."""
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
        """The media types that are read, with an example in place of each wildcard."""
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
        """The value of a body that the adapter must be able to read."""
        try:
            return self.adapter.decode(payload)
        except Exception as error:
            raise AssertionError(
                f"{what} raises {type(error).__name__}: {error}: read every buffer and body that encode() could make"
            ) from error

    def _check_same(self, found: Any, expected: Any, what: str) -> None:
        if not self.same(found, expected):
            raise AssertionError(f"{what} gives {found!r} instead of {expected!r}: mend it, or define same() if the loss is intended")

    def _check_survives(self, payload: Payload) -> None:
        """Any body is a value or a BadInput, within `seconds`. It may take several tries, because the machine may be busy."""
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
        """Items of one group as a batch. As in a server, stack() gets a list of its own, and must not change the items themselves."""
        before = copy.deepcopy(items)
        try:
            batch = self.adapter.stack(list(items))
        except Exception as error:
            group = self.adapter.group(items[0])
            raise AssertionError(
                f"stack() of {items!r} raises {type(error).__name__}: {error}: give them different groups, where group() gives {group!r}"
            ) from error
        for item, as_it_was in zip(items, before, strict=True):
            # A value that differs from its own copy, as NaN does in most comparisons, cannot be checked.
            kept = self.same(item, as_it_was) or not self.same(as_it_was, as_it_was)
            if not kept:
                raise AssertionError(
                    f"stack() makes {item!r} of the item {as_it_was!r}: copy it, because it is stacked again if its batch fails"
                )
        return batch

    def _check_read_together(self, bodies: Sequence[bytes], media_type: str) -> None:
        """If `decode_all` returns values, they are those that `decode` returns for each body alone."""
        try:
            values = self.adapter.decode_all(bodies, media_type)
        except Exception:  # noqa: BLE001 - the server then decodes them one by one
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
        """The value that a body gave together with others is the value that it gives alone."""
        try:
            alone = self.adapter.decode(payload)
        except BadInput as error:
            raise AssertionError(f"{what} gives {value!r} for {payload.data[:100]!r}, which decode() refuses: give None then") from error
        # A damaged body may hold a value that differs from itself, as NaN does in most comparisons.
        if self.same(alone, self.adapter.decode(payload)):
            self._check_same(value, alone, what)

    def _check_written_together(self, group: Sequence[Any], media_type: str) -> None:
        """If `encode_all` returns bodies, they are those that `encode` returns for each part of the result."""
        adapter, rows = self.adapter, [self.adapter.rows(item) for item in group]
        result = self._stacked(group)
        try:
            bodies = adapter.encode_all(result, rows, media_type)
        except Exception:  # noqa: BLE001 - the server then encodes them one by one
            return
        if bodies is None:
            return
        alone = [adapter.encode(value, media_type) for value in adapter.unstack(result, rows)]
        expect(
            list(bodies) == alone,
            f"encode_all() gives {bodies!r} for parts that encode() writes as {alone!r}: give the same bytes, or None",
        )
