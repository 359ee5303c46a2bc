"""Services behind a real app in this process, called as by an HTTP client."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx
import pytest

import bento
from bento.serving import App


@pytest.fixture
def anyio_backend():
    return "asyncio"


@asynccontextmanager
async def client_of(service: bento.Service, *, local_address: str = "testserver", **options):
    """An HTTP client of `bento.app(service)`; the app is started before and stopped after, as by a server."""
    app = bento.app(service, **options)
    async with httpx.AsyncClient(transport=_Transport(app, local_address), base_url="http://testserver") as client:
        yield client
    await app.lifecycle.stop()


class _Transport(httpx.ASGITransport):
    """httpx's own transport, which also says on which address the server was reached."""

    def __init__(self, app: App, local_address: str) -> None:
        async def reached(scope, receive, send):
            await app({**scope, "server": (local_address, 80)}, receive, send)

        super().__init__(reached)


@pytest.fixture
def serving():
    return client_of
