"""The life of a service in one process: loading, ready, draining, gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import ExampleError, ServerError
from ..registry import installed
from .aliases import PAGES, check_aliases
from .calls.accounts import Accounts
from .calls.endpoint import Endpoint
from .calls.metrics import Metrics
from .calls.pipeline import Pipeline
from .calls.room import Room
from .calls.streaming import StreamEndpoint
from .calls.threads import Threads
from .openapi import document

if TYPE_CHECKING:
    from ..bundle import Golden
    from ..service import Service
    from .calls.board import Board
    from .calls.limits import Limits

log = logging.getLogger("bento.serving")

THREADS = "bento-"
"""How the names of threads that run a service's code begin."""


class State(Enum):
    """What a server is doing, as `/readyz` says it."""

    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class Lifecycle:
    """Brings a service up and takes it down. In between, it has the endpoints by path; those of apis that yield are in `streams`.

    `load` makes the service. It runs in a thread, so that health checks are answered meanwhile. The golden `examples` are read once the
    service is loaded, and have to hold before it is ready. `aliases` maps additional paths to those that they stand for.
    """

    def __init__(
        self,
        load: Callable[[], Service],
        *,
        version: str,
        limits: Limits,
        examples: Callable[[], tuple[Golden, ...]] = tuple,
        aliases: Mapping[str, str] = MappingProxyType({}),
        board: Board | None = None,
        own: int = 0,
    ) -> None:
        self.state = State.LOADING
        self.limits = limits
        self.room = Room(limits)
        self.endpoints: dict[str, Endpoint] = {}
        self.streams: dict[str, StreamEndpoint] = {}
        self.openapi: dict[str, Any] | None = None
        self.aliases = aliases
        self._load = load
        self._examples = examples
        self._version = version
        self._board, self._own = board, own
        self.metrics = Metrics((), board, own)
        self._registry = installed()
        self._service: Service | None = None
        self._decoders: Threads | None = None
        self._starting: asyncio.Task[None] | None = None
        self.on_lost: Callable[[ServerError], None] = lambda _: None
        """Called once when a model can no longer answer in this process; by then `/readyz` says so."""

    async def start(self) -> None:
        """Load and warm up, once; every later call waits for the first. An error is raised to all callers."""
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        try:
            self._decoders = decoders = Threads(2, f"{THREADS}decode", asyncio.get_running_loop())
            service = await decoders.start(self._bring_up)
            check_aliases(self.aliases, [api.path for api in service.apis.values()])
            pipelines = [Pipeline(service, api, self._registry) for api in service.apis.values()]
            await self._check_examples(pipelines, decoders)
        except BaseException:
            self.state = State.FAILED
            raise
        self.metrics = Metrics(list(service.apis), self._board, self._own)
        self.openapi = document(service, pipelines, self._version)
        for pipeline in pipelines:
            accounts = Accounts(service, pipeline.api, self._registry, self.metrics, self._look_for_loss)
            if pipeline.api.is_stream:
                self.streams[pipeline.api.path] = StreamEndpoint(pipeline, accounts, self.limits, self.room, decoders)
            else:
                self.endpoints[pipeline.api.path] = Endpoint(pipeline, accounts, self.limits, self.room, decoders)
        self._add_aliases()
        self._service = service
        self._registry.call("bento_service_started", service=service)
        if self.state is State.LOADING:
            self.state = State.READY

    def _look_for_loss(self, error: BaseException) -> None:
        """Fail, for good, if an api's error says that a model is lost to this process."""
        if self._service is None or self.state is not State.READY:
            return
        lost = next((slot for slot, artifact in self._service.artifacts.items() if artifact.is_lost(error)), None)
        if lost is not None:
            self.state = State.FAILED
            reason = f"the model {lost!r} is lost to this process: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            log.error("%s", reason)
            self.on_lost(ServerError(reason))

    def _add_aliases(self) -> None:
        for alias, path in self.aliases.items():
            if path in self.streams:
                self.streams[alias] = self.streams[path]
            elif path in self.endpoints:
                self.endpoints[alias] = self.endpoints[path]

    def _bring_up(self) -> Service:
        try:
            service = self._load()
            service.setup()
        except SystemExit as error:
            # A SystemExit that is let through would end a thread, or a server that says it is ready.
            raise ServerError(f"the service ended itself while it was starting: {error!r}") from error
        return service

    async def _check_examples(self, pipelines: list[Pipeline], threads: Threads) -> None:
        """Ask the golden examples. A service for which one does not hold is not served."""
        examples = self._examples()
        if examples:
            from .examples import check_examples

            try:
                await check_examples(pipelines, examples, threads)
            except ExampleError as error:
                raise ExampleError(f"{error}: save the service again, or start it with --no-examples") from error

    def has(self, path: str) -> bool:
        """Whether an api, a page or an alias has this very path."""
        return path in self.endpoints or path in self.streams or path in PAGES or path in self.aliases

    @property
    def readiness(self) -> State:
        """The state as `/readyz` shows it. While there is a porter, which may take the next request and refuse it, no worker is ready
        yet."""
        if self.state is State.READY and self._board is not None and self._board.has_porter:
            return State.LOADING
        return self.state

    @property
    def service(self) -> Service | None:
        """The service, once it is loaded."""
        return self._service

    @property
    def open_calls(self) -> int:
        """Requests that wait or run."""
        return sum(endpoint.open_calls for endpoint in self._everything())

    def _everything(self) -> set[Endpoint | StreamEndpoint]:
        return {*self.endpoints.values(), *self.streams.values()}

    def drain(self) -> None:
        """Say on `/readyz` that no new requests should come; those that come are still answered."""
        self.state = State.DRAINING

    async def stop(self) -> None:
        """Drain, wait for open requests to end, and close the service."""
        self.drain()
        while self.open_calls:
            await asyncio.sleep(0.01)
        for endpoint in self._everything():
            endpoint.close()
        if self._decoders is None:
            return
        with ExitStack() as stack:
            stack.callback(self._decoders.close)
            if self._service is not None:
                stack.callback(self._registry.call, "bento_service_stopped", service=self._service)
                await self._decoders.start(self._service.close)
