"""Asking servers over HTTP, and going on where they say only if the first address could have led there."""

from __future__ import annotations

import http.client
import urllib.request
from contextlib import ExitStack
from typing import IO, Any, Final
from urllib.parse import urlsplit

from ..errors import RemoteError
from .address import shown

TIMEOUT: Final = 60.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_here(url: str) -> bool:
    """Whether a URL is of this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def check_protected(url: str) -> None:
    """Refuse what anybody on the way could read and change: all but https://, and http:// on this machine."""
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (scheme == "http" and is_here(url)):
        raise RemoteError(f"anybody on the way may change what comes from {shown(url)}: use https://")


def check_onward(url: str, other: str) -> None:
    """Refuse to be sent from one URL to another that is not protected, or from elsewhere to a server of this machine."""
    check_protected(other)
    if is_here(other) and not is_here(url):
        raise RemoteError(f"{shown(url)} sends to {shown(other)}, which is this machine: nobody elsewhere has a say about that")


def ask(request: urllib.request.Request) -> http.client.HTTPResponse:
    """The answer to a request; an urllib.error.HTTPError if it is a refusal."""
    answer: http.client.HTTPResponse = _opener().open(request, timeout=TIMEOUT)
    return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], *answer: Any) -> urllib.request.Request | None:
        with ExitStack() as refused:
            refused.enter_context(fp)
            check_onward(req.full_url, answer[-1])
            refused.pop_all()
        return super().redirect_request(req, fp, *answer)


def _opener() -> urllib.request.OpenerDirector:
    """Python's usual one reads files and asks FTP servers as well."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener
