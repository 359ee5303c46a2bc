"""Requests through an api without a server: the same decoding, calling and encoding, in this thread."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ..errors import InvalidInput
from ..registry import installed
from .calls.answer import Answer
from .calls.call import Call
from .calls.pipeline import Pipeline, drive, ends_task
from .calls.request import Head, new_request_id
from .calls.streaming import LINES
from .openapi import document

if TYPE_CHECKING:
    from ..api import Api
    from ..payload import Payload
    from ..service import Service

Outcome = Answer | BaseException

_MOST_BYTES: Final = 16 << 20
"""At most this many bytes of bodies are read before they are answered; a body that is larger is answered by itself."""


def answer(service: Service, api: str, payload: Payload, accept: str = "") -> Answer:
    """What `api` answers to `payload`, in the media type that the Accept header `accept` prefers.

    An unknown api is an InvalidInput. Errors of decoding, of the api and of encoding are raised as they are.
    """
    asking = ask(_pipeline(service, api), payload, accept)
    with _running(service.apis[api]) as run:
        answered: Answer = run(asking)
    return answered


def answer_all(service: Service, api: str, bodies: Iterable[bytes], *, content_type: str = "", accept: str = "") -> Iterator[list[Outcome]]:
    """What `api` answers to each of any number of bodies, or the error that a body ends in, in order.

    Bodies are read, answered and yielded in groups: as many as a batch holds or, for an api that `waits`, as many as may run at once. An
    unknown api is an InvalidInput. An error that `bodies` raises is raised after the answers to the bodies before it.
    """
    pipeline = _pipeline(service, api)
    head = Head(content_type, accept=accept)
    with _running(pipeline.api) as run:
        for part in _parts(bodies, _most_at_once(pipeline.api)):
            calls = [Call(head, body, new_request_id(), time.monotonic()) for body in part]
            for call, error in pipeline.reading.admit_all(calls):
                call.outcome = error
            run(_execute_all(pipeline, [call for call in calls if call.outcome is None]))
            yield [_outcome(call) for call in calls]


async def ask(pipeline: Pipeline, payload: Payload, accept: str = "") -> Answer:
    """The answer of a pipeline's api. Only an api that `waits` makes this coroutine wait."""
    call = Call(Head(accept=accept), b"", new_request_id(), time.monotonic())
    pipeline.reading.admit(call, payload)
    await _execute(pipeline, [call])
    outcome = _outcome(call)
    if isinstance(outcome, Answer):
        return outcome
    raise outcome


def waits(api: Api) -> bool:
    """Whether an api needs an event loop."""
    return api.is_async or inspect.isasyncgenfunction(api.function)


@contextmanager
def _running(api: Api) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """A function that runs coroutines of an api to their end.

    An api that `waits` gets an event loop, in a thread of its own if this thread already runs one, as in a notebook.
    """
    if not waits(api):
        yield drive
        return
    # With a factory of its own, the runner leaves the loop alone that others have set for this thread.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    if not _has_loop():
        with runner:
            yield runner.run
        return
    with ThreadPoolExecutor(1) as thread:
        try:
            yield lambda coroutine: thread.submit(runner.run, coroutine).result()
        finally:
            thread.submit(runner.close).result()


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _pipeline(service: Service, api: str) -> Pipeline:
    if api not in service.apis:
        raise InvalidInput(f"{service.name} has no api {api!r}: its apis are {', '.join(service.apis) or 'none'}")
    return Pipeline(service, service.apis[api], installed())


def _most_at_once(api: Api) -> int:
    if api.batch:
        return api.batch.size
    return api.concurrency if waits(api) else 1


def _parts(bodies: Iterable[bytes], most: int) -> Iterator[list[bytes]]:
    """Bodies in groups, of which one is held at a time. If a body cannot be read, those before it come first, then the error."""
    part: list[bytes] = []
    size = 0
    try:
        for body in bodies:
            if part and size + len(body) > _MOST_BYTES:
                yield part
                part, size = [], 0
            part.append(body)
            size += len(body)
            if len(part) == most:
                yield part
                part, size = [], 0
    except Exception:
        if part:
            yield part
        raise
    if part:
        yield part


async def _execute_all(pipeline: Pipeline, calls: Sequence[Call]) -> None:
    """Give each call its outcome: batch by batch, or all at the same time if the api waits and has no batches."""
    batch = pipeline.api.batch
    if batch is None and waits(pipeline.api):
        await asyncio.gather(*[_execute(pipeline, [call]) for call in calls])
        return
    for part in _batches(calls, batch.size if batch else 1):
        await _execute(pipeline, part)


def _batches(calls: Iterable[Call], size: int) -> Iterator[list[Call]]:
    """Calls in batches: each has calls of one group, with at most `size` rows, or a single call that has more."""
    waiting: dict[Hashable, list[Call]] = {}
    rows: dict[Hashable, int] = {}
    for call in calls:
        group = call.group
        if group in waiting and rows[group] + call.weight > size:
            yield waiting.pop(group)
        if group not in waiting:
            waiting[group], rows[group] = [], 0
        waiting[group].append(call)
        rows[group] += call.weight
    yield from waiting.values()


async def _execute(pipeline: Pipeline, calls: Sequence[Call]) -> None:
    """Give calls their outcomes; unless the api yields, they are one batch."""
    if not pipeline.api.is_stream:
        await pipeline.execute(calls)
        return
    for call in calls:
        try:
            call.outcome = Answer(await _lines(pipeline, call), LINES)
        except BaseException as error:
            if ends_task(error):
                raise
            call.outcome = error


def _outcome(call: Call) -> Outcome:
    assert call.outcome is not None  # noqa: S101 - execute gives every call an outcome
    return call.outcome


async def _lines(pipeline: Pipeline, call: Call) -> bytes:
    """Every piece of a stream, one per line."""
    pieces = pipeline.start(call)
    values = [value async for value in pieces] if isinstance(pieces, AsyncGenerator) else list(pieces)
    return b"".join(pipeline.writing.encode_json(value) + b"\n" for value in values)


def openapi(service: Service, *, version: str = "0") -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service."""
    return document(service, [Pipeline(service, api, installed()) for api in service.apis.values()], version)
