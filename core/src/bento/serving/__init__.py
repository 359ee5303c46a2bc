"""Serving: a service behind HTTP, and requests through an api without a server."""

from __future__ import annotations

from .calls.limits import Limits
from .http.app import App, app
from .offline import answer, answer_all, openapi
from .server import serve
from .target import import_service, resolve

__all__ = ["App", "Limits", "answer", "answer_all", "app", "import_service", "openapi", "resolve", "serve"]
