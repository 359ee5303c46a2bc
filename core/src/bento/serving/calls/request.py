"""Requests: what an endpoint must know of one, read the same way from every lane."""

from __future__ import annotations

import itertools
import math
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...bounds import read_number
from ...errors import BadInput
from ...payload import Payload, parse_content_type

if TYPE_CHECKING:
    from ...payload import ReadableBuffer

RawHeaders = Sequence[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class Head:
    """What an endpoint must know of a request's headers. `timeout` is what the client allows, in seconds.

    Requests with the same headers may share one, so nothing in it changes.
    """

    __slots__ = ("_headers", "_media", "accept", "content_encoding", "content_type", "raw_headers", "timeout")

    def __init__(
        self,
        content_type: str = "",
        *,
        content_encoding: str = "",
        accept: str = "",
        timeout: float = math.inf,
        raw_headers: RawHeaders = (),
    ) -> None:
        self.content_type = content_type
        self.content_encoding = content_encoding
        self.accept = accept
        self.timeout = timeout
        self.raw_headers = raw_headers
        self._media: tuple[str, Mapping[str, str]] | None = None
        self._headers: Mapping[str, str] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers, read when somebody asks."""
        if self._headers is None:
            self._headers = MappingProxyType(read_headers(self.raw_headers))
        return self._headers

    @property
    def media(self) -> tuple[str, Mapping[str, str]]:
        """The media type and its parameters; a Content-Type that is not a media type is a BadInput."""
        if self._media is None:
            self._media = parse_content_type(self.content_type)
        return self._media

    def payload(self, body: ReadableBuffer) -> Payload:
        """A body with what its Content-Type says of it."""
        media_type, parameters = self.media
        return Payload(body, media_type, parameters)


class _Ids:
    """Makes ids that no other request has: random digits of this process, and a count. Random ids would take ten times as long."""

    __slots__ = ("_count", "_process")

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._process = secrets.token_hex(6)
        self._count = itertools.count(1)

    def __call__(self) -> str:
        return f"{self._process}{next(self._count):010x}"


new_request_id = _Ids()
"""Makes an id for a request whose client has not sent a fit one."""


def own_request_id(given: str) -> str:
    """The client's X-Request-Id if it is fit for a header and a log line, else nothing."""
    return given if _REQUEST_ID.fullmatch(given) else ""


def fit_request_id(given: str) -> str:
    """The client's X-Request-Id if it is fit, else a new one."""
    return own_request_id(given) or new_request_id()


def read_headers(raw: RawHeaders) -> dict[str, str]:
    """Headers by lower-case name; one that came twice holds both values, joined by a comma (RFC 9110, section 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def read_timeout(text: str | None) -> float:
    """The seconds of a Request-Timeout header, infinity without one; anything but a number above 0 is a BadInput."""
    seconds = math.inf if text is None else read_number(text)
    if not seconds > 0:
        raise BadInput(f"Request-Timeout: expected a number of seconds above 0, got {text!r}")
    return seconds
