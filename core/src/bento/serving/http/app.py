"""The app: a service as an ASGI application."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...errors import BentoError, DefinitionError, Overloaded
from ...registry import installed
from ...service import Service, described
from ..address import Address
from ..aliases import HEALTH
from ..calls.accounts import CLIENT_LEFT
from ..calls.answer import FAULT, Answer, failure, problem
from ..calls.limits import Limits, headers_too_large
from ..lifecycle import Lifecycle
from ..logs import FaultLog
from .guard import LOOPBACK, check_caller, check_host, host_names
from .lane import REQUEST_ID, ClientLeft, Exchange

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ..logs import AccessLog

# Source: RFC 3986, section 3.3.
_PLAIN = "/!$&'()*+,;=:@"


class App:
    """Serves one service under any ASGI server: endpoints answer requests to apis, Starlette everything else.

    It brings the service up when the server starts, or at the first request. `brings_up` is off for a server that does so itself and
    answers health checks meanwhile. `at_path` says that the server listens on a Unix domain socket, which counts as a loopback address.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        *,
        allowed_hosts: Collection[str] = (),
        access_log: type[AccessLog] | None = None,
        brings_up: bool = True,
        address: Address | None = None,
        at_path: bool = False,
    ) -> None:
        self.lifecycle = lifecycle
        self.allowed_hosts = host_names(allowed_hosts)
        self.access_log = access_log(sys.stdout) if access_log and sys.stdout is not None else None
        self._brings_up = brings_up
        self.address = address or Address()
        self._at_path = at_path
        self._site: ASGIApp | None = None
        self._faults = FaultLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            if self._brings_up:
                await self.lifecycle.start()
            own = self.address.within(scope["path"])
            if own is not None and not self.lifecycle.has(scope["path"]):
                scope = {**scope, "root_path": self.address.prefix, "path": f"{self.address.prefix}{own}"}
            await self._respond(scope, receive, send)
        else:
            await self._pages()(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.lifecycle.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.lifecycle.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send, self.lifecycle.limits, self.lifecycle.room)
        try:
            status = await self._answer(exchange, scope, receive, send)
        except ClientLeft:
            status = CLIENT_LEFT
        if self.access_log is not None:
            self.access_log.write(exchange.method, _in_a_line(exchange.path), status, exchange.seconds, exchange.request_id)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> int:
        life = self.lifecycle
        refusal = self._refuse(exchange, scope)
        if refusal is not None:
            return await exchange.answer(refusal)
        if exchange.path in life.endpoints:
            return await exchange.call(life.endpoints[exchange.path])
        if exchange.path in life.streams:
            return await exchange.stream(life.streams[exchange.path])
        return await self._show(exchange, scope, receive, send)

    def reached_at(self, server: Sequence[Any] | None) -> str:
        """The server's address of a connection, as ASGI or uvicorn tells it; "" if unknown.

        A Unix domain socket has no address, and not all releases of uvicorn tell its path. It counts as loopback, because only this machine
        reaches it.
        """
        return LOOPBACK if self._at_path else (server or ("",))[0]

    def _refuse(self, exchange: Exchange, scope: Scope) -> Answer | None:
        """The refusal of a request, whatever its path: headers too large, a foreign host or page, a service that is not loaded. Or None."""
        limits = self.lifecycle.limits
        if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.headers:
            return problem(431, headers_too_large(limits), request_id=exchange.request_id)
        try:
            # Load balancers and orchestrators that ask for a server's health seldom know its name.
            if self.lifecycle.aliases.get(exchange.path, exchange.path) not in HEALTH:
                check_host(scope["headers"], scope.get("http_version", ""))
                check_caller(exchange.headers, self.reached_at(scope.get("server")), self.allowed_hosts, self.address.host)
            if exchange.method == "POST" and self.lifecycle.service is None:
                raise Overloaded(f"the service is {self.lifecycle.state.value}")
        except BentoError as error:
            return failure(error, exchange.request_id)
        return None

    async def _show(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> int:
        """Let Starlette answer, add the request's id, and return the status."""
        status, is_whole = FAULT, False

        async def note(message: Message) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", exchange.request_id.encode("latin-1"))]
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                is_whole = True
                await exchange.end(message.get("body", b""))
            else:
                await send(message)

        try:
            await self._pages()({**scope, REQUEST_ID: exchange.request_id}, receive, note)
        except ClientLeft:
            raise
        except Exception as error:
            # Starlette answers an error of a page, then raises it again. If the answer could not be completed, the server breaks it off.
            if not is_whole:
                raise
            if status == FAULT:
                self._faults.write(_in_a_line(exchange.path), exchange.request_id, error)
        return status

    def _pages(self) -> ASGIApp:
        """The pages, including those of plugins once the service is loaded."""
        if self._site is None:
            from .pages import site

            service = self.lifecycle.service
            extra: list[BaseRoute] = installed().routes(service) if service is not None else []
            pages = site(self.lifecycle, self.address, extra)
            if service is None:
                return pages
            self._site = pages
        return self._site


def _in_a_line(path: str) -> str:
    """A path as a log shows it: spaces and line ends, which a client can send in encoded form, are encoded again."""
    return quote(path, _PLAIN, errors="replace")


def app(service: Service, *, limits: Limits | None = None, allowed_hosts: Collection[str] = (), version: str = "0") -> App:
    """A service as an ASGI application, for any ASGI server: `uvicorn --factory`, hypercorn, granian, or a test client.

    Without `allowed_hosts`, a server that is reached on a loopback address answers to loopback names only. `version` appears in the OpenAPI
    document.
    """
    if not isinstance(service, Service):
        raise DefinitionError(f"expected a service, got {described(service)}")
    lifecycle = Lifecycle(lambda: service, version=version, limits=limits or Limits())
    return App(lifecycle, allowed_hosts=allowed_hosts)
