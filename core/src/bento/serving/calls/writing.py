"""Writing: what an api has given becomes the answers of the requests that share it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...adapter import encodes_all
from ...compiled import compiled
from .answer import Answer, answers_of
from .negotiation import choose, is_accepted

if TYPE_CHECKING:
    from ...adapter import Adapter
    from ...api import Api
    from ...registry import Registry
    from .call import Call, Run


class ResultLengthError(ValueError):
    """An api returned another number of rows than it was given, so no row of its result can be trusted to be a caller's own."""


class Writing:
    """Writes what one api returns, with its adapter or, if it has declared none, with the one that suits each value."""

    def __init__(self, api: Api, adapter: Adapter[Any] | None, registry: Registry) -> None:
        self._api = api
        self._adapter = adapter
        self._registry = registry
        self._fitted = 0
        self._follows_rows = False

    def trusts(self, calls: Sequence[Call]) -> bool:
        """Whether a result that has as many rows as these calls may be divided among them.

        A result that always has two elements, such as two columns, looks like that of a batch of two rows. So the api has to have given the
        right number for some other number of rows before. Until then calls are made one by one, which is no longer needed after one or two.
        """
        return self._follows_rows or len(calls) == 1 or self._fitted not in (0, _total(rows_of(calls)))

    def write(self, calls: Sequence[Call], result: Any, run: Run, *, alone: bool) -> None:
        """Give each call the answer with its part of the result; `alone` says that the whole is the value of one call."""
        started = time.monotonic()
        outcomes: Sequence[Answer | BaseException] | None = self._encode_together(calls, result)
        if outcomes is not None:
            self._note_fit(rows_of(calls))
        else:
            values = [result] if alone else self.cut(result, rows_of(calls))
            outcomes = list(map(self._encode, calls, values))
        run.encode_seconds = time.monotonic() - started
        note_outcomes(calls, outcomes, server_timing(calls))

    def cut(self, result: Any, rows: Sequence[int | None]) -> Sequence[Any]:
        """A batch's result, cut into so many rows each, or into single values for None. A result that does not fit is a
        ResultLengthError."""
        try:
            values = self.adapter_for(result).unstack(result, rows)
        except ValueError as error:
            raise ResultLengthError(f"{self._api.name}: {error}") from error
        if len(values) != len(rows):
            raise ResultLengthError(f"{self._api.name}: expected {len(rows)} answers from unstack, got {len(values)}")
        self._note_fit(rows)
        return values

    def encode_json(self, value: Any) -> bytes:
        """One piece of a stream, as JSON on one line."""
        writer = self.adapter_for(value)
        if "application/json" not in writer.media_types:
            writer = self._registry.adapter("json")()
        return writer.encode(value, "application/json")

    def adapter_for(self, value: Any) -> Adapter[Any]:
        """The adapter that writes a value."""
        return self._adapter or self._registry.adapter_for_value(value)

    def _writer_for(self, value: Any, accept: str) -> Adapter[Any]:
        """The adapter that writes a value for a client. If the api has declared none, and the client does not accept what suits the value,
        such as plain text for a label, but accepts JSON, it gets JSON."""
        writer = self.adapter_for(value)
        if self._adapter is None and not is_accepted(accept, writer.media_types):
            json = self._registry.adapter("json")()
            if is_accepted(accept, json.media_types):
                return json
        return writer

    def _note_fit(self, rows: Sequence[int | None]) -> None:
        """Note that a result had as many rows as it should."""
        if self._follows_rows:
            return
        total = _total(rows)
        if total and self._fitted not in (0, total):
            self._follows_rows = True
        self._fitted = total or self._fitted

    def _encode_together(self, calls: Sequence[Call], result: Any) -> list[Answer] | None:
        """The answers of calls whose bodies the adapter writes all at once; None if they have to be encoded one by one."""
        if len(calls) == 1:
            return None
        rows, accepted = rows_of(calls), accepted_by(calls)
        # An adapter that was chosen by the result need not be the one for its elements.
        if len(accepted) > 1 or (self._adapter is None and None in rows):
            return None
        try:
            accept = accepted.pop()
            writer = self._writer_for(result, accept)
            if not encodes_all(type(writer)):
                return None
            media_type = choose(accept, writer.media_types)
            bodies = writer.encode_all(result, rows, media_type)
            if bodies is None or len(bodies) != len(calls):
                return None
            content_type = writer.content_type(media_type, bodies[0])
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - encoded one by one, they show which of them failed
            return None
        return answers_of(bodies, content_type)

    def _encode(self, call: Call, value: Any) -> Answer | BaseException:
        """One call's answer; a value that cannot be written fails this call alone."""
        try:
            writer = self._writer_for(value, call.head.accept)
            media_type = choose(call.head.accept, writer.media_types)
            body = writer.encode(value, media_type)
            return Answer(body, writer.content_type(media_type, body))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - an outcome, logged and answered by the endpoint
            return error


def _total(rows: Sequence[int | None]) -> int:
    return sum([1 if count is None else count for count in rows])


@compiled
def rows_of(calls: Sequence[Call]) -> list[int | None]:
    """How many rows each call has brought, None for a value that has none."""
    return [call.rows for call in calls]


@compiled
def accepted_by(calls: Sequence[Call]) -> set[str]:
    """The different `Accept` headers of calls."""
    return {call.head.accept for call in calls}


@compiled
def server_timing(calls: Sequence[Call]) -> list[str]:
    """The Server-Timing header of each call of one run: where its time went, in milliseconds. Source: W3C Server Timing."""
    run = calls[0].run
    shared = f'model;dur={run.model_seconds * 1e3:.3f}, encode;dur={run.encode_seconds * 1e3:.3f}, batch;desc="{run.rows}"'
    queue = ""
    decoded_at = started_at = -1.0
    timings = []
    for call in calls:
        if call.decoded_at != decoded_at or call.started_at != started_at:
            decoded_at, started_at = call.decoded_at, call.started_at
            queue = f"queue;dur={(started_at - decoded_at) * 1e3:.3f}, {shared}"
        timings.append(f"decode;dur={(decoded_at - call.received) * 1e3:.3f}, {queue}")
    return timings


@compiled
def note_outcomes(calls: Sequence[Call], outcomes: Sequence[Answer | BaseException], timings: Sequence[str]) -> None:
    """Give each call its outcome; an answer says where the time went."""
    for call, outcome, timing in zip(calls, outcomes, timings, strict=True):
        if type(outcome) is Answer:
            outcome.timing = timing
        call.outcome = outcome
