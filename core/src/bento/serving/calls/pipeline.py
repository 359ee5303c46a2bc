"""The pipeline of one api: payload to value, values to a batch, a batch's result to answers.

It knows neither event loop nor transport: the server, `bento run` and a Lambda event all go through it. Its coroutines
wait for nothing but an `async def` api, so for any other api `drive` runs one to its end wherever it is called.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack
from traceback import clear_frames
from typing import TYPE_CHECKING, Any, TypeVar

from ...adapter import decodes_all, encodes_all, reads
from ...artifact import Artifact
from ...errors import BentoError, DeadlineExceeded, InvalidInput, UnsupportedMediaType
from .answer import Answer, server_timing
from .call import Run
from .negotiation import choose

if TYPE_CHECKING:
    from ...adapter import Adapter
    from ...api import Api
    from ...payload import Payload
    from ...registry import Registry
    from ...service import Service
    from .call import Call

R = TypeVar("R")

_MOST_TOGETHER = 256


class ResultLengthError(ValueError):
    """An api returned another number of rows than it was given, so no row of its result can be trusted to be a caller's own."""


class Pipeline:
    """What stands between a payload and an answer of one api of one service."""

    def __init__(self, service: Service, api: Api, registry: Registry) -> None:
        self.api = api
        self.reader, self.writer = registry.adapters_of(api)
        self._read_types = frozenset(self.reader.media_types)
        self._decodes_all = decodes_all(type(self.reader)) and not self.reader.request_headers
        self._registry = registry
        self._method = _surrounded(service, api)

    def decode(self, payload: Payload) -> Any:
        """The value of one payload; a content type that the adapter does not read is an UnsupportedMediaType."""
        if payload.media_type and payload.media_type not in self._read_types and not reads(self.reader.media_types, payload.media_type):
            expected = ", ".join(self.reader.media_types)
            raise UnsupportedMediaType(f"{self.api.name} does not read {payload.media_type!r}: expected one of {expected}")
        return self.reader.decode(payload)

    def admit(self, call: Call, payload: Payload) -> None:
        """Decode a call's payload and note what a batch must know of it."""
        item = self.decode(self._with_headers(call, payload) if self.reader.request_headers else payload)
        self._note((call,), (item,))

    def admit_all(self, calls: Sequence[Call]) -> list[tuple[Call, Exception]]:
        """Decode the bodies of calls that have come together; returns those that failed, with the error."""
        failed: list[tuple[Call, Exception]] = []
        for start in range(0, len(calls), _MOST_TOGETHER):
            some = calls[start : start + _MOST_TOGETHER]
            if not self._admit_together(some):
                failed += self._admit_each(some)
        return failed

    def _admit_each(self, calls: Sequence[Call]) -> Iterator[tuple[Call, Exception]]:
        for call in calls:
            try:
                self.admit(call, call.head.payload(call.body))
            except Exception as error:  # noqa: BLE001 - the outcome of this call
                yield call, error

    def _admit_together(self, calls: Sequence[Call]) -> bool:
        """Decode them all if the adapter reads so many bodies at once; if it does not, they are decoded one by one."""
        head = calls[0].head
        if len(calls) == 1 or not self._decodes_all or len({call.head.content_type for call in calls}) > 1:
            return False
        try:
            media_type, parameters = head.media
            if parameters or (media_type and media_type not in self._read_types):
                return False
            items = self.reader.decode_all([call.body for call in calls], media_type)
            if items is None or len(items) != len(calls):
                return False
            self._note(calls, items)
        except Exception:  # noqa: BLE001 - one by one it shows whose it is
            return False
        return True

    def _note(self, calls: Sequence[Call], items: Sequence[Any]) -> None:
        """Take note of values of one group."""
        reader = self.reader
        group = reader.group(items[0]) if self.api.batch is not None else None
        for call, item in zip(calls, items, strict=True):
            call.item = item
            if self.api.batch is not None:
                call.rows = rows = reader.rows(item)
                # What a model says to no rows at all must not depend on who else asked, so such a call is a group of its own.
                call.group = group if rows != 0 else call
        now = time.monotonic()
        for call in calls:
            call.decoded_at = now

    def _with_headers(self, call: Call, payload: Payload) -> Payload:
        sent = call.head.headers
        named = {name: sent[name] for name in self.reader.request_headers if name in sent}
        return payload._replace(headers={**payload.headers, **named})

    def start(self, call: Call) -> Any:
        """The generator of an api that yields."""
        return self._call_method(self.reader.alone(call.item), [call])

    def encode_json(self, value: Any) -> bytes:
        """One piece of a stream, as JSON on one line."""
        writer = self._writer(value)
        if "application/json" not in writer.media_types:
            writer = self._registry.adapter("json")()
        return writer.encode(value, "application/json")

    async def execute(self, calls: Sequence[Call]) -> None:
        """Give every call its outcome. A batch that raises is halved until only the guilty calls fail."""
        pending = [calls]
        while pending:
            part = pending.pop()
            try:
                await self._answer(part)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an api raises is the outcome of its callers
                if len(part) > 1 and not isinstance(error, ResultLengthError):
                    middle = len(part) // 2
                    pending += [part[middle:], part[:middle]]
                else:
                    for call in part:
                        call.outcome = self._failed(call, error)
                    if pending:
                        _let_go(error)

    def _failed(self, call: Call, error: BaseException) -> BaseException:
        """What a call comes to whose api raised. Many models refuse no rows at all, and then it is the client that has to bring one."""
        if call.rows != 0 or isinstance(error, BentoError):
            return error
        refusal = InvalidInput(f"{self.api.name} has no answer to a request without rows: expected at least one")
        refusal.__cause__ = error
        return refusal

    async def _answer(self, calls: Sequence[Call]) -> None:
        run = Run()
        started, processor_started = time.monotonic(), time.thread_time()
        result = await self._result(calls)
        run.model_seconds = time.monotonic() - started
        run.rows = sum([call.rows or 1 for call in calls])
        for call in calls:
            call.run = run
        if self.api.is_async and self.writer is not None and self.writer.costly:
            await asyncio.to_thread(self._write, calls, result, run)
        else:
            self._write(calls, result, run)
        run.processor_seconds = time.thread_time() - processor_started

    def _is_alone(self, calls: Sequence[Call]) -> bool:
        """Whether the result is the value of one call, and not to be cut."""
        batch = self.api.batch
        return batch is None or calls[0].weight > batch.size

    async def _result(self, calls: Sequence[Call]) -> Any:
        """What the api gives for these calls."""
        batch = self.api.batch
        if batch is None:
            return await self._invoke(self.reader.alone(calls[0].item), calls)
        if self._is_alone(calls):
            return await self._value_in_parts(calls[0], batch.size)
        return await self._invoke(self.reader.stack([call.item for call in calls]), calls)

    def _write(self, calls: Sequence[Call], result: Any, run: Run) -> None:
        """Give each call the answer with its part of the result."""
        started = time.monotonic()
        outcomes: Sequence[Answer | Exception] | None = self._encode_together(calls, result)
        if outcomes is None:
            values = [result] if self._is_alone(calls) else self._cut(result, [call.rows for call in calls])
            outcomes = list(map(self._encode, calls, values))
        run.encode_seconds = time.monotonic() - started
        for call, outcome, timing in zip(calls, outcomes, server_timing(calls), strict=True):
            if type(outcome) is Answer:
                outcome.timing = timing
            call.outcome = outcome

    def _encode_together(self, calls: Sequence[Call], result: Any) -> list[Answer] | None:
        """Their answers, if the adapter writes so many bodies at once; if it does not, they are encoded one by one."""
        rows = [call.rows for call in calls]
        accepted = {call.head.accept for call in calls}
        # An adapter that was chosen by the result need not be the one for its elements.
        if len(calls) == 1 or len(accepted) > 1 or (self.writer is None and None in rows):
            return None
        try:
            writer = self._writer(result)
            if not encodes_all(type(writer)):
                return None
            media_type = choose(accepted.pop(), writer.media_types)
            bodies = writer.encode_all(result, rows, media_type)
        except Exception:  # noqa: BLE001 - one by one it shows whose it is
            return None
        if bodies is None or len(bodies) != len(calls):
            return None
        content_type = writer.content_type(media_type, bodies[0])
        return [Answer(body, content_type) for body in bodies]

    async def _value_in_parts(self, call: Call, size: int) -> Any:
        """The value for a request that brings more rows than a batch holds: one batch after the other, put together again."""
        whole, rest = divmod(call.weight, size)
        rows = [size] * whole + [rest] * bool(rest)
        values: list[Any] = []
        for part, count in zip(self.reader.unstack(call.item, rows), rows, strict=True):
            if not call.is_wanted(time.monotonic()):
                raise DeadlineExceeded(f"{len(values)} of {len(rows)} batches of the request were done in time")
            values += self._cut(await self._invoke(self.reader.stack([part]), [call]), [count])
        return self._writer(values[0]).join(values)

    async def _invoke(self, value: Any, calls: Sequence[Call]) -> Any:
        result = self._call_method(value, calls)
        return await result if self.api.is_async else result

    def _call_method(self, value: Any, calls: Sequence[Call]) -> Any:
        if not self.api.takes_context:
            return self._method(value)
        contexts = [call.context(self.api.name) for call in calls]
        return self._method(value, context=contexts if self.api.batch else contexts[0])

    def _cut(self, result: Any, rows: Sequence[int | None]) -> Sequence[Any]:
        try:
            values = self._writer(result).unstack(result, rows)
        except ValueError as error:
            raise ResultLengthError(f"{self.api.name}: {error}") from error
        if len(values) != len(rows):
            raise ResultLengthError(f"{self.api.name}: expected {len(rows)} answers of unstack, got {len(values)}")
        return values

    def _encode(self, call: Call, value: Any) -> Answer | Exception:
        """One call's answer; a value that cannot be written fails this call alone."""
        try:
            writer = self._writer(value)
            media_type = choose(call.head.accept, writer.media_types)
            body = writer.encode(value, media_type)
            return Answer(body, writer.content_type(media_type, body))
        except Exception as error:  # noqa: BLE001 - an outcome, logged and answered by the endpoint
            return error

    def _writer(self, value: Any) -> Adapter[Any]:
        return self.writer or self._registry.adapter_for_value(value)


def _surrounded(service: Service, api: Api) -> Callable[..., Any]:
    """The api's method, called in what the service's artifacts have around calls; where none has anything, the method itself."""
    method: Callable[..., Any] = getattr(service, api.name)
    around = [artifact.around for artifact in service.artifacts.values() if type(artifact).around is not Artifact.around]
    if not around or api.is_async or api.is_stream:
        return method

    def call(*args: Any, **kwargs: Any) -> Any:
        with ExitStack() as stack:
            for each in around:
                stack.enter_context(each())
            return method(*args, **kwargs)

    return call


def _let_go(error: BaseException) -> None:
    """Free what a failed call has left in its frames, such as a GPU's memory: those that are still to be answered may need it."""
    cause: BaseException | None = error
    seen: list[BaseException] = []
    while cause is not None and cause not in seen:
        clear_frames(cause.__traceback__)
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__


def drive(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that never waits to its end, here and now, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: R = end.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine that must not wait has waited")
