"""Events: a bundle as an AWS Lambda function, which gets one request at a time from an API Gateway, a function URL or a load balancer.

Mangum reads the events and writes the answers. Between them is the app that serves HTTP, so a request means the same as over HTTP.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ..bundle import load_service, open_bundle, read_examples
from ..errors import BadInput
from .calls.answer import failure
from .calls.limits import Limits
from .calls.request import new_request_id, read_headers, read_timeout
from .http.app import App
from .lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

# A body whose Content-Type contains one of these goes out as text if it is UTF-8. Every other body goes out as base64.
_TEXTS = ["text/", "json"]
# A request's deadline is this long before the end of the function's time, so that there is time to answer that it is over.
_FAREWELL_SECONDS = 0.5


class Function:
    """The Lambda function: called with an event, it returns the answer.

    Creating it verifies and loads the bundle, once for all events of a process, and its golden examples have to hold. It does not ask for
    trust: deploying the bundle was trusting it. `base_path` is what comes before the paths of the apis, such as `/v1`; the name of an API
    Gateway's stage need not be given. A request ends before the function's own time is over, or earlier if its client says so.
    """

    def __init__(self, folder: Path, *, base_path: str = "") -> None:
        from mangum import Mangum

        bundle = open_bundle(folder)
        examples = partial(read_examples, bundle) if bundle.manifest.examples else tuple
        lifecycle = Lifecycle(lambda: load_service(bundle), version=bundle.version, limits=Limits(), examples=examples)
        self._app, self._base_path = App(lifecycle, brings_up=False), base_path
        # Mangum uses the event loop of this thread, and from Python 3.14 on a thread has none unless somebody sets one.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(lifecycle.start())
        self._mangum = Mangum(self._answer, lifespan="off", text_mime_types=_TEXTS)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The answer to an event; an event that is not a request is a BadInput."""
        if not _is_request(event):
            raise BadInput(
                f"expected the event of an API Gateway, a function URL or a load balancer, got {event!r:.200}: "
                "call the function through one of them"
            )
        try:
            return self._mangum(event, context)
        except ValueError as error:  # raised by Mangum for a Host or a body that it cannot read; the app answers its own errors
            return _refusal(error)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = self._prefix(scope["aws.event"], scope["path"])
        await self._app({**scope, "root_path": prefix, "headers": _headers(scope)}, receive, send)

    def _prefix(self, event: Mapping[str, Any], path: str) -> str:
        """What comes before the apis' paths in `path`: the stage of an HTTP API, if it has a name, or else `base_path`."""
        stage = event["requestContext"].get("stage", "") if event.get("version") == "2.0" else ""
        prefixes = (f"/{stage}" if stage else "", self._base_path)
        return next((prefix for prefix in prefixes if prefix and f"{path}/".startswith(f"{prefix}/")), "")


def _is_request(event: object) -> bool:
    """Whether Mangum can read an event. Source: AWS, "Lambda proxy integrations" and "Lambda functions as targets"."""
    if not isinstance(event, dict) or not isinstance(event.get("requestContext"), dict):
        return False
    return "elb" in event["requestContext"] or not event.keys().isdisjoint({"version", "resource"})


def _headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """A request's headers, with the id and the deadline that AWS gives it."""
    context, given = scope["aws.context"], read_headers(scope["headers"])
    own = {b"request-timeout": _timeout(given.get("request-timeout"), context.get_remaining_time_in_millis() / 1000)}
    if "x-request-id" not in given:
        own[b"x-request-id"] = context.aws_request_id
    kept = [(name, value) for name, value in scope["headers"] if name not in own]
    return [*kept, *((name, text.encode("latin-1")) for name, text in own.items())]


def _timeout(asked: str | None, left: float) -> str:
    """The shorter of the client's timeout and what is left of the function's time. The app refuses a timeout that is not a number."""
    most = max(left - _FAREWELL_SECONDS, 0.001)
    try:
        return asked if asked is not None and read_timeout(asked) < most else f"{most:.3f}"
    except BadInput:
        return asked or ""


def _refusal(error: ValueError) -> dict[str, Any]:
    """The answer to a request that cannot be read, in a form that every kind of event takes."""
    request_id = new_request_id()
    answer = failure(BadInput(f"the request cannot be read: {error}"), request_id)
    headers = {"content-type": answer.media_type, "x-request-id": request_id}
    return {"statusCode": answer.status, "headers": headers, "body": answer.body.decode(), "isBase64Encoded": False}
