"""One request through an api without a server: the same decoding, calling and encoding, in this thread."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..registry import installed
from .answer import Answer
from .call import Call
from .openapi import document
from .pipeline import Pipeline, drive
from .request import Request
from .streaming import LINES

if TYPE_CHECKING:
    from ..payload import Payload
    from ..service import Service


def answer(service: Service, api: str, payload: Payload, accept: str = "") -> Answer:
    """What `api` answers to `payload`, in the media type that `accept` likes best.

    An unknown api is an InvalidInput; whatever decoding, the api or encoding raises is raised.
    """
    if api not in service.apis:
        raise InvalidInput(f"{service.name} has no api {api!r}: its apis are {', '.join(service.apis) or 'none'}")
    pipeline = Pipeline(service, service.apis[api], installed())
    call = Call(Request(b"", accept=accept), math.inf, lambda _call, _outcome: None, lambda _answer: None)
    pipeline.admit(call, payload)
    if pipeline.api.is_stream:
        return Answer(asyncio.run(_lines(pipeline, call)), LINES)
    execution = pipeline.execute([call])
    if pipeline.api.is_async:
        asyncio.run(execution)
    else:
        drive(execution)
    if isinstance(call.outcome, Answer):
        return call.outcome
    assert call.outcome is not None  # noqa: S101 - execute gives every call an outcome
    raise call.outcome


async def _lines(pipeline: Pipeline, call: Call) -> bytes:
    """Every piece of a stream, a line each."""
    pieces = pipeline.start(call)
    values = [value async for value in pieces] if isinstance(pieces, AsyncGenerator) else list(pieces)
    return b"".join(pipeline.encode_json(value) + b"\n" for value in values)


def openapi(service: Service, *, version: str = "0") -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service."""
    return document(service, [Pipeline(service, api, installed()) for api in service.apis.values()], version)
