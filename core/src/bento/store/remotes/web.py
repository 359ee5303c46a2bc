"""Asking servers over HTTP, and following redirects only where that is safe."""

from __future__ import annotations

import base64
import http.client
import logging
import math
import re
import socket
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import IO, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from ...errors import RemoteError
from .address import shown
from .patience import ATTEMPTS, connected, silence

log = logging.getLogger(__name__)

_SECONDS: Final = re.compile(r"[0-9]{1,6}")
_BUSY: Final = frozenset({429, 503})
_FAILED: Final = frozenset({500, 502, 503, 504})
_MOMENT: Final = 0.5
"""The seconds before a server that has failed is asked again."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_here(url: str) -> bool:
    """Whether a URL is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def without_login(url: str) -> tuple[str, dict[str, str]]:
    """A URL without its user and password, and the header that holds them instead, so that they appear nowhere else.

    Source: RFC 7617.
    """
    try:
        parts = urlsplit(url)
        host, login = parts.netloc.rpartition("@")[2], parts.netloc.rpartition("@")[0]
        _ = parts.port
    except ValueError:
        raise RemoteError(f"{shown(url)!r} is not an address: in a password, write / as %2F, # as %23, @ as %40 and so on") from None
    if not login:
        return url, {}
    user, _, password = login.partition(":")
    known = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {known}"}


def check_protected(url: str) -> None:
    """Refuse a URL whose contents anybody on the way could read and change: only https://, and http:// on this machine, are allowed."""
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (scheme == "http" and is_here(url)):
        raise RemoteError(f"anybody on the network could change what comes from {shown(url)}: use https://")


def check_onward(url: str, other: str) -> None:
    """Refuse a redirect to a URL that is not protected, or from another machine to this one."""
    check_protected(other)
    if is_here(other) and not is_here(url):
        raise RemoteError(f"{shown(url)} redirects to {shown(other)}, which is this machine: a server elsewhere must not decide that")


def ask(request: urllib.request.Request) -> http.client.HTTPResponse:
    """The answer to a request; a urllib.error.HTTPError if it is a refusal.

    A server that is busy and says for how long is asked again, within the time for which a silent server is waited for. A server that fails
    while reading is asked again too, because a registry does so for a tag that is being written.
    """
    left = silence()
    for _ in range(ATTEMPTS - 1):
        try:
            return _ask_once(request)
        except urllib.error.HTTPError as error:
            pause = _pause(error, request)
            if pause > left:
                raise
            error.close()
            left -= pause
            log.warning("%s answered %d: asking it again in %g s", urlsplit(request.full_url).netloc, error.code, pause)
            time.sleep(pause)
    return _ask_once(request)


def _ask_once(request: urllib.request.Request) -> http.client.HTTPResponse:
    answer: http.client.HTTPResponse = _opener().open(request, timeout=silence())
    return answer


def _pause(error: urllib.error.HTTPError, request: urllib.request.Request) -> float:
    """After how many seconds a server may be asked again.

    Infinite if it has refused for good, or if the body that was sent can be read only once.

    Source: RFC 9110, section 10.2.3, without dates, which depend on two clocks.
    """
    seconds = error.headers.get("Retry-After", "")
    if error.code in _BUSY and _SECONDS.fullmatch(seconds) and isinstance(request.data, bytes | None):
        return float(seconds)
    is_reading = request.get_method() in ("GET", "HEAD")
    return _MOMENT if error.code in _FAILED and is_reading and not seconds else math.inf


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], *answer: Any) -> urllib.request.Request | None:
        with ExitStack() as refused:
            refused.enter_context(fp)
            check_onward(req.full_url, answer[-1])
            refused.pop_all()
        onward = super().redirect_request(req, fp, *answer)
        if onward and urlsplit(onward.full_url)[:2] == urlsplit(req.full_url)[:2]:
            # It is the same server, which needs the login again.
            onward.unredirected_hdrs.update(req.unredirected_hdrs)
        return onward


def _connected(address: tuple[str, int], patience: float, source: tuple[str, int] | None = None) -> socket.socket:
    """A connection whose server may take longer to answer than to connect."""
    connection = connected(address, source)
    connection.settimeout(patience)
    return connection


class _Plain(http.client.HTTPConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connected


class _Encrypted(http.client.HTTPSConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connected


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Plain, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Encrypted, req)


def _opener() -> urllib.request.OpenerDirector:
    """An opener for HTTP only: Python's usual one also reads files and asks FTP servers."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        _Http(),
        _Https(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener
