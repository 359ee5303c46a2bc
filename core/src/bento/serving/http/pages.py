"""Pages and documents besides the apis: the index, OpenAPI, health and metrics. Everything shown is escaped."""

from __future__ import annotations

import json
import shlex
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ..aliases import PAGES
from ..calls.answer import Answer, failure, problem
from ..lifecycle import State
from .lane import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from ..address import Address
    from ..lifecycle import Lifecycle

_SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_WAY_OUT = "GET / lists the apis and how to call them"

# Without it, a phone lays out the page for a screen three times as wide, and shows it small.
_PHONE = '<meta name=viewport content="width=device-width">'

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "pre{background:#f4f4f4;padding:1rem;overflow:auto}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}pre{background:#222}a{color:#8bf}}"
)


def site(lifecycle: Lifecycle, address: Address, extra: Sequence[BaseRoute] = ()) -> Starlette:
    """What a server answers besides its apis; `extra` are the routes of plugins."""

    def root(request: Request) -> str:
        return address.prefix or str(request.scope.get("root_path", ""))

    async def index(request: Request) -> Response:
        base = address.url or str(request.base_url).rstrip("/")
        page = _index(_document(lifecycle), base, root(request))
        # A docstring or an example may hold half of a surrogate pair, which UTF-8 cannot express.
        return HTMLResponse(page.encode("utf-8", "replace"), headers=_SECURITY)

    async def docs(request: Request) -> Response:
        return RedirectResponse(f"{root(request)}/", 307, headers=_SECURITY)

    async def document(request: Request) -> Response:
        shown, server = _document(lifecycle), address.url or root(request)
        if server:
            shown = {**shown, "servers": [{"url": server}]}
        return Response(json.dumps(shown, indent=2), media_type="application/json", headers=_SECURITY)

    async def live(_: Request) -> Response:
        return PlainTextResponse("alive\n", headers=_SECURITY)

    async def ready(_: Request) -> Response:
        state = lifecycle.readiness
        return PlainTextResponse(f"{state.value}\n", 200 if state is State.READY else 503, headers=_SECURITY)

    async def metrics(_: Request) -> Response:
        page, content_type = lifecycle.metrics.exposition()
        return Response(page, headers={"content-type": content_type, **_SECURITY})

    own = dict(zip(PAGES, (index, docs, document, live, ready, metrics), strict=True))
    own |= {alias: own[path] for alias, path in lifecycle.aliases.items() if path in own}
    routes = [Route(path, endpoint, methods=["GET"]) for path, endpoint in own.items()]
    pages = Starlette(routes=[*routes, *extra], exception_handlers={HTTPException: _http_problem, Exception: _fault})
    # Starlette would redirect to a URL made of the scheme, host and path that it knows; behind a proxy these are not the clients'.
    pages.router.redirect_slashes = False
    return pages


def _document(lifecycle: Lifecycle) -> dict[str, Any]:
    if lifecycle.openapi is None:
        raise HTTPException(503, f"the service is {lifecycle.state.value}", {"retry-after": "1"})
    return lifecycle.openapi


async def _http_problem(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (404, 405) in the form of all others."""
    assert isinstance(error, HTTPException)  # noqa: S101 - this is the class it is registered for
    headers, detail = dict(error.headers or {}), str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is nothing here: {_WAY_OUT}"
    elif "Allow" in headers:
        # They come from a set, whose order differs from process to process.
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        detail = f"{request.scope['path']} answers {headers['Allow']}, not {request.method}"
    return _shown(problem(error.status_code, detail, request_id=request.scope.get(REQUEST_ID, ""), headers=tuple(headers.items())))


async def _fault(request: Request, error: Exception) -> Response:
    """The answer to an error of a page, bento's or a plugin's. Starlette raises the error again once this is sent."""
    return _shown(failure(error, request.scope.get(REQUEST_ID, "")))


def _shown(answer: Answer) -> Response:
    return Response(answer.body, answer.status, headers={**dict(answer.headers), **_SECURITY}, media_type=answer.media_type)


def _index(document: dict[str, Any], base: str, root: str) -> str:
    title = escape(document["info"]["title"])
    links = " ".join(f'<a href="{escape(root)}/{page}">{page}</a>' for page in ("openapi.json", "metrics", "readyz"))
    apis = "".join(_section(path, item["post"], base) for path, item in document["paths"].items())
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8>{_PHONE}<title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p><p>version {escape(document['info']['version'])}</p>"
        f"{apis}<p>{links}</p></html>\n"
    )


def _section(path: str, operation: dict[str, Any], base: str) -> str:
    content = operation["requestBody"]["content"]
    return (
        f"<h2>POST {escape(path)}</h2><p>{escape(operation.get('description', ''))}</p>"
        f"<p>takes {escape(', '.join(content))}</p><pre>{escape(curl(f'{base}{path}', content))}</pre>"
    )


def curl(url: str, content: dict[str, Any]) -> str:
    """A command line that calls an api with its example, or with a file if its input is not JSON."""
    media_type, described = next(iter(content.items()))
    if media_type.startswith("multipart/"):
        parts = described.get("schema", {}).get("properties", {})
        body = " ".join(f"-F {shlex.quote(f'{name}=@FILE')}" for name in parts)
    elif media_type.endswith("json"):
        body = f"-H 'Content-Type: {media_type}' -d {shlex.quote(json.dumps(described.get('example'), ensure_ascii=False))}"
    else:
        body = f"-H 'Content-Type: {media_type}' --data-binary @FILE"
    return f"curl {body} {shlex.quote(url)}"
