"""Reading: the bodies of requests to one api, alone or many at once, become values that a batch takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from operator import index
from typing import TYPE_CHECKING, Any

from ...adapter import decodes_all, ignored, reads
from ...compiled import compiled
from ...errors import UnsupportedMediaType
from ...payload import parse_content_type

if TYPE_CHECKING:
    from ...adapter import Adapter
    from ...api import Api
    from ...payload import Payload
    from .call import Call

# At most this many bodies are decoded together: if one is bad, up to all the others of its part are decoded once more.
_MOST_TOGETHER = 256
# Halving so few bodies further, in search of the bad one, would take longer than decoding them one by one.
_FEW = 8


class Reading:
    """Reads the bodies of requests to one api with its adapter."""

    def __init__(self, api: Api, adapter: Adapter[Any]) -> None:
        self._api = api
        self._adapter = adapter
        self._read_types = frozenset(adapter.media_types)
        self._decodes_all = decodes_all(type(adapter)) and not adapter.request_headers

    def admit(self, call: Call, payload: Payload) -> None:
        """Decode a call's payload and note what a batch must know of it; whatever the adapter raises is raised."""
        item = self._decode(self._with_headers(call, payload) if self._adapter.request_headers else payload)
        self._note((call,), (item,))

    def admit_all(self, calls: Sequence[Call]) -> list[tuple[Call, BaseException]]:
        """Decode the bodies of calls that have come together; returns those that failed, with the error."""
        failed: list[tuple[Call, BaseException]] = []
        for start in range(0, len(calls), _MOST_TOGETHER):
            failed += self._admit_each(self._unread(calls[start : start + _MOST_TOGETHER]))
        return failed

    def _decode(self, payload: Payload) -> Any:
        """The value of one payload; a content type that the adapter does not read is an UnsupportedMediaType."""
        if payload.media_type and payload.media_type not in self._read_types and not reads(self._adapter.media_types, payload.media_type):
            expected = ", ".join(self._adapter.media_types)
            raise UnsupportedMediaType(f"{self._api.name} does not read {payload.media_type!r}: expected one of {expected}")
        return self._adapter.decode(payload)

    def _unread(self, calls: Sequence[Call]) -> Sequence[Call]:
        """Decode calls together; returns those that have to be decoded one by one, because at least one of them is bad.

        They are halved as long as one of the halves can be decoded together.
        """
        if self._admit_together(calls):
            return ()
        while self._decodes_all and len(calls) > _FEW:
            middle = len(calls) // 2
            left = [half for half in (calls[:middle], calls[middle:]) if not self._admit_together(half)]
            if len(left) != 1:
                return calls if left else ()
            calls = left[0]
        return calls

    def _admit_each(self, calls: Sequence[Call]) -> Iterator[tuple[Call, BaseException]]:
        for call in calls:
            try:
                self.admit(call, call.head.payload(call.body))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - the outcome of this call
                yield call, error

    def _admit_together(self, calls: Sequence[Call]) -> bool:
        """Decode all calls with one call of the adapter. False if it does not read many at once, or not these: then they are decoded one by
        one."""
        if len(calls) == 1 or not self._decodes_all:
            return False
        try:
            media_type = self._media_type(content_types_of(calls))
            if media_type is None or (media_type and media_type not in self._read_types):
                return False
            items = self._adapter.decode_all(bodies_of(calls), media_type)
            if items is None or len(items) != len(calls):
                return False
            self._note(calls, items)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - decoded one by one, they show which of them failed
            return False
        return True

    def _media_type(self, content_types: Iterable[str]) -> str | None:
        """The media type that all of these name; None if they name several, or have parameters that the adapter does not ignore."""
        named = set()
        for media_type, parameters in map(parse_content_type, content_types):
            if not ignored(self._adapter, media_type, parameters):
                return None
            named.add(media_type)
        return named.pop() if len(named) == 1 else None

    def _note(self, calls: Sequence[Call], items: Sequence[Any]) -> None:
        """Take note of the calls' values, which are all of one group."""
        note_items(calls, items, time.monotonic())
        if self._api.batch is None:
            return
        group = self._adapter.group(items[0])
        # A group that cannot be hashed, or rows that are not a whole number, must fail here, where only this call is concerned; in the
        # queue they would fail a batch.
        hash(group)
        note_rows(calls, self._adapter.rows, group)

    def _with_headers(self, call: Call, payload: Payload) -> Payload:
        sent = call.head.headers
        named = {name: sent[name] for name in self._adapter.request_headers if name in sent}
        return payload._replace(headers={**payload.headers, **named})


@compiled
def content_types_of(calls: Sequence[Call]) -> set[str]:
    """The different `Content-Type` headers of calls."""
    return {call.head.content_type for call in calls}


@compiled
def bodies_of(calls: Sequence[Call]) -> list[bytes | bytearray]:
    """The bodies of calls."""
    return [call.body for call in calls]


@compiled
def note_items(calls: Sequence[Call], items: Sequence[Any], now: float) -> None:
    """Take note of the values that calls have brought."""
    for call, item in zip(calls, items, strict=True):
        call.item = item
        call.decoded_at = now


@compiled
def note_rows(calls: Sequence[Call], rows_of: Callable[[Any], int | None], group: Hashable) -> None:
    """Take note of how many rows the calls' values have, and of the group that they share."""
    for call in calls:
        rows = rows_of(call.item)
        call.rows = rows = rows if rows is None else index(rows)
        # What a model answers to no rows at all must not depend on the rest of a batch, so such a call is a group of its own.
        call.group = group if rows != 0 else call
