"""The app: a service as an ASGI application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..errors import BentoError, Overloaded
from ..registry import installed
from .answer import Answer, failure, problem
from .guard import check_caller
from .lane import ClientLeft, body_is_late, call_endpoint, read_body, read_request, send_answer
from .lifecycle import Lifecycle
from .limits import Limits
from .logs import AccessLog, log
from .pages import site
from .request import fit_request_id, read_headers

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ..service import Service
    from .endpoint import Endpoint


class App:
    """Serves one service under any ASGI server: apis by their endpoints, everything else by Starlette."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        *,
        allowed_hosts: Collection[str] = (),
        access_log: bool = False,
        on_started: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        self.lifecycle = lifecycle
        self._allowed_hosts = frozenset(allowed_hosts)
        self.access_log = AccessLog() if access_log else None
        self._on_started = on_started
        self._site: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            if self._on_started is None:
                await self.lifecycle.start()
            await self._respond(scope, receive, send)
        else:
            await self._pages()(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        starting = asyncio.get_running_loop().create_task(self._start())
        if self._on_started is None:
            try:
                await starting
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
                raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await starting
        await self.lifecycle.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        """Start the service; a server that asked for it hears how it went, and goes on answering health checks meanwhile."""
        if self._on_started is None:
            await self.lifecycle.start()
            return
        try:
            await self.lifecycle.start()
        except BaseException as error:  # noqa: BLE001 - the server ends with it
            self._on_started(error)
        else:
            self._on_started(None)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = time.monotonic()
        headers = read_headers(scope["headers"])
        request_id = fit_request_id(headers.get("x-request-id", ""))
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        refusal = self._refuse(scope, headers, request_id)
        status = 499
        try:
            if refusal is not None:
                status = refusal.status
                await send_answer(send, refusal, request_id)
            elif path in self.lifecycle.endpoints:
                answer = await self._call(self.lifecycle.endpoints[path], scope, request_id, received, receive)
                status = answer.status
                await send_answer(send, answer, request_id)
            else:
                status = await self._show(scope, receive, send)
        except ClientLeft:
            log.debug("the client of request %s left", request_id)
        if self.access_log is not None:
            self.access_log.write(scope["method"], path, status, time.monotonic() - received, request_id)

    def _refuse(self, scope: Scope, headers: Mapping[str, str], request_id: str) -> Answer | None:
        """What is refused whatever it asks for: too long a header, a foreign page, a service that is not there yet."""
        limit = self.lifecycle.limits.headers
        if sum(len(name) + len(value) for name, value in scope["headers"]) > limit:
            return problem(431, f"the headers are larger than the limit of {limit} bytes", request_id=request_id)
        try:
            check_caller(headers, (scope.get("server") or ("",))[0], self._allowed_hosts)
            if scope["method"] == "POST" and not self.lifecycle.endpoints:
                raise Overloaded(f"the service is {self.lifecycle.state.value}")
        except BentoError as error:
            return failure(error, request_id)
        return None

    async def _call(self, endpoint: Endpoint, scope: Scope, request_id: str, received: float, receive: Receive) -> Answer:
        name, timeout = endpoint.api.name, endpoint.api.timeout
        if scope["method"] != "POST":
            detail = f"{name} answers POST, not {scope['method']}"
            return problem(405, detail, request_id=request_id, headers=(("allow", "POST"),))
        try:
            async with asyncio.timeout(timeout):
                body = await read_body(scope["headers"], receive, self.lifecycle.limits)
            return await call_endpoint(endpoint, read_request(scope["headers"], body, request_id, received), receive)
        except TimeoutError:
            return body_is_late(timeout, request_id)
        except BentoError as error:
            return failure(error, request_id)

    async def _show(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Let Starlette answer, and say with which status."""
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._pages()(scope, receive, note)
        return status

    def _pages(self) -> ASGIApp:
        """The pages, with those that plugins bring once the service is there."""
        if self._site is None:
            service = self.lifecycle.service
            extra: list[BaseRoute] = installed().routes(service) if service is not None else []
            pages = site(self.lifecycle, extra)
            if service is None:
                return pages
            self._site = pages
        return self._site


def app(service: Service, *, limits: Limits | None = None, allowed_hosts: Collection[str] = (), version: str = "0") -> App:
    """A service as an ASGI application, for any ASGI server: `uvicorn --factory`, hypercorn, granian, or a test client.

    Without `allowed_hosts`, a server that is reached on a loopback address answers to loopback names only.
    """
    lifecycle = Lifecycle(lambda: service, version=version, limits=limits or Limits())
    return App(lifecycle, allowed_hosts=allowed_hosts)
