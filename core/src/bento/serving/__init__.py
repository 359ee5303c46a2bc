"""Serving: a service behind HTTP, and one request through an api without a server."""

from __future__ import annotations

from .calls.limits import Limits
from .http.app import App, app
from .offline import answer, openapi
from .server import serve
from .target import import_service, resolve

__all__ = ["App", "Limits", "answer", "app", "import_service", "openapi", "resolve", "serve"]
