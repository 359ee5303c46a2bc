"""One request through an api without a server: the same decoding, calling and encoding, in this thread."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..registry import installed
from .calls.answer import Answer
from .calls.call import Call
from .calls.pipeline import Pipeline, drive
from .calls.request import Head, new_request_id
from .calls.streaming import LINES
from .openapi import document

if TYPE_CHECKING:
    from ..api import Api
    from ..payload import Payload
    from ..service import Service


def answer(service: Service, api: str, payload: Payload, accept: str = "") -> Answer:
    """What `api` answers to `payload`, in the media type that `accept` likes best.

    An unknown api is an InvalidInput; whatever decoding, the api or encoding raises is raised.
    """
    if api not in service.apis:
        raise InvalidInput(f"{service.name} has no api {api!r}: its apis are {', '.join(service.apis) or 'none'}")
    asking = ask(Pipeline(service, service.apis[api], installed()), payload, accept)
    if not waits(service.apis[api]):
        return drive(asking)
    # In a thread of its own, for this one may have an event loop already, as in a notebook.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asking).result()


async def ask(pipeline: Pipeline, payload: Payload, accept: str = "") -> Answer:
    """The answer of a pipeline's api; waits for nothing but an api that `waits`."""
    call = Call(Head(accept=accept), b"", new_request_id(), time.monotonic())
    pipeline.reading.admit(call, payload)
    if pipeline.api.is_stream:
        return Answer(await _lines(pipeline, call), LINES)
    await pipeline.execute([call])
    if isinstance(call.outcome, Answer):
        return call.outcome
    assert call.outcome is not None  # noqa: S101 - execute gives every call an outcome
    raise call.outcome


def waits(api: Api) -> bool:
    """Whether an api needs an event loop."""
    return api.is_async or inspect.isasyncgenfunction(api.function)


async def _lines(pipeline: Pipeline, call: Call) -> bytes:
    """Every piece of a stream, a line each."""
    pieces = pipeline.start(call)
    values = [value async for value in pieces] if isinstance(pieces, AsyncGenerator) else list(pieces)
    return b"".join(pipeline.writing.encode_json(value) + b"\n" for value in values)


def openapi(service: Service, *, version: str = "0") -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service."""
    return document(service, [Pipeline(service, api, installed()) for api in service.apis.values()], version)
