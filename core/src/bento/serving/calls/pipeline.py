"""The pipeline of one api: payload to value, values to a batch, a batch's result to answers.

It knows neither event loop nor transport: the server, `bento run` and a Lambda event all go through it. Its coroutines
wait for nothing but an `async def` api, so for any other api `drive` runs one to its end wherever it is called.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from traceback import clear_frames
from typing import TYPE_CHECKING, Any, TypeVar

from ...artifact import Artifact
from ...compiled import compiled
from ...errors import BentoError, DeadlineExceeded, InvalidInput
from .call import Run
from .limits import payload_of
from .reading import Reading
from .writing import ResultLengthError, Writing

if TYPE_CHECKING:
    from ...api import Api
    from ...registry import Registry
    from ...service import Service
    from .call import Call
    from .limits import Limits

R = TypeVar("R")


class Pipeline:
    """From payloads to the answers of one api of one service."""

    def __init__(self, service: Service, api: Api, registry: Registry) -> None:
        self.api = api
        self.reader, self.writer = registry.adapters_of(api)
        self.reading = Reading(api, self.reader)
        self.writing = Writing(api, self.writer, registry)
        # Read once: inspecting a function takes microseconds, which is too long for each batch.
        self._is_async = api.is_async
        self._method = _surrounded(service, api)

    def decode(self, call: Call, limits: Limits) -> int:
        """Decompress and decode a call's body; returns how many bytes it had, decompressed."""
        payload = payload_of(call, limits)
        self.reading.admit(call, payload)
        return len(payload.data)

    def start(self, call: Call) -> Any:
        """Call an api that yields with a decoded call; returns its generator, plain or asynchronous."""
        return self._call_method(self.reader.alone(call.item), [call])

    async def execute(self, calls: Sequence[Call]) -> None:
        """Give every call its outcome. A batch that raises is halved until only the guilty calls fail."""
        pending = [calls]
        while pending:
            part = pending.pop()
            if not self.writing.trusts(part):
                pending += [part[1:], part[:1]]
                continue
            try:
                await self._answer(part)
            except BaseException as error:
                if ends_task(error):
                    raise
                # Whatever an api raises is the outcome of its callers.
                if len(part) > 1 and not isinstance(error, ResultLengthError):
                    middle = len(part) // 2
                    pending += [part[middle:], part[:middle]]
                else:
                    for call in part:
                        call.outcome = self._failed(call, error)
                    if pending:
                        _let_go(error)

    def _failed(self, call: Call, error: BaseException) -> BaseException:
        """The outcome of a call whose api raised. Many models cannot take 0 rows; then it is the client that has to send a row."""
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
        note_run(calls, run)
        alone = self._is_alone(calls)
        if self._is_async and self.writer is not None and self.writer.costly:
            # In a coroutine, because no StopIteration can leave one, and a future cannot hold it.
            await asyncio.to_thread(drive, self._write(calls, result, run, alone=alone))
        else:
            self.writing.write(calls, result, run, alone=alone)
        run.processor_seconds = time.thread_time() - processor_started

    async def _write(self, calls: Sequence[Call], result: Any, run: Run, *, alone: bool) -> None:
        self.writing.write(calls, result, run, alone=alone)

    def _is_alone(self, calls: Sequence[Call]) -> bool:
        """Whether the result is one call's as a whole, and not cut into rows: the api has no batches, or the call has more rows than one
        holds."""
        batch = self.api.batch
        return batch is None or calls[0].weight > batch.size

    async def _result(self, calls: Sequence[Call]) -> Any:
        """What the api gives for these calls."""
        batch = self.api.batch
        if batch is None:
            return await self._invoke(self.reader.alone(calls[0].item), calls)
        if self._is_alone(calls):
            return await self._value_in_parts(calls[0], batch.size)
        return await self._invoke(self.reader.stack(items_of(calls)), calls)

    async def _value_in_parts(self, call: Call, size: int) -> Any:
        """The value for a request that brings more rows than a batch holds: one batch after the other, their results joined."""
        whole, rest = divmod(call.weight, size)
        rows = [size] * whole + [rest] * bool(rest)
        values: list[Any] = []
        for part, count in zip(self.reader.unstack(call.item, rows), rows, strict=True):
            if not call.is_wanted(time.monotonic()):
                raise DeadlineExceeded(f"{len(values)} of {len(rows)} batches of the request were done in time")
            values += self.writing.cut(await self._invoke(self.reader.stack([part]), [call]), [count])
        return self.writing.adapter_for(values[0]).join(values)

    async def _invoke(self, value: Any, calls: Sequence[Call]) -> Any:
        result = self._call_method(value, calls)
        return await result if self._is_async else result

    def _call_method(self, value: Any, calls: Sequence[Call]) -> Any:
        if not self.api.takes_context:
            return self._method(value)
        contexts = [call.context(self.api.name) for call in calls]
        return self._method(value, context=contexts if self.api.batch else contexts[0])


@compiled
def items_of(calls: Sequence[Call]) -> list[Any]:
    """The values that calls have brought."""
    return [call.item for call in calls]


@compiled
def note_run(calls: Sequence[Call], run: Run) -> None:
    """Have calls share a run, whose rows are the sum of theirs."""
    rows = 0
    for call in calls:
        rows += call.rows or 1
        call.run = run
    run.rows = rows


def _surrounded(service: Service, api: Api) -> Callable[..., Any]:
    """The api's method inside the contexts that the service's artifacts put around calls; the method itself if there are none, or if it is
    async or yields."""
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


def ends_task(error: BaseException) -> bool:
    """Whether an error ends this task. A SystemExit or CancelledError of the api itself is a fault like any other."""
    if not isinstance(error, asyncio.CancelledError):
        return isinstance(error, GeneratorExit | KeyboardInterrupt)
    try:
        task = asyncio.current_task()
    except RuntimeError:  # there is no event loop to end anything
        return False
    return task is not None and task.cancelling() > 0


def _let_go(error: BaseException) -> None:
    """Free what the frames of a failed call hold, such as a GPU's memory: calls that are still to be answered may need it."""
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
