"""Requests: what an endpoint must know of one, read the same way from every lane."""

from __future__ import annotations

import itertools
import math
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import BadInput

RawHeaders = Iterable[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")

# An id of this process and a count are as unique as a random id for each request, at a tenth of the price.
_PROCESS = secrets.token_hex(6)
_count = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an api. `received` is when its first byte came, in seconds of `time.monotonic()`."""

    body: bytes
    content_type: str = ""
    content_encoding: str = ""
    accept: str = ""
    timeout: float = math.inf
    request_id: str = field(default_factory=lambda: new_request_id())  # noqa: PLW0108 - defined below
    headers: Mapping[str, str] = field(default_factory=dict)
    received: float = field(default_factory=time.monotonic)


def new_request_id() -> str:
    """An id that no other request has."""
    return f"{_PROCESS}{next(_count):010x}"


def request_id_of(headers: Mapping[str, str]) -> str:
    """The client's X-Request-Id if it is fit for a header and a log line, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_request_id()


def read_headers(raw: RawHeaders) -> dict[str, str]:
    """Headers by lower-case name; one that came twice holds both values, joined by a comma (RFC 9110, section 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def read_request(headers: Mapping[str, str], body: bytes, request_id: str, received: float) -> Request:
    """A request from its headers and its whole body; headers that cannot be read are a BadInput."""
    return Request(
        body,
        headers.get("content-type", ""),
        headers.get("content-encoding", "").strip().lower(),
        headers.get("accept", ""),
        _read_timeout(headers.get("request-timeout")),
        request_id,
        headers,
        received,
    )


def _read_timeout(text: str | None) -> float:
    if text is None:
        return math.inf
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise BadInput(f"Request-Timeout: expected a number of seconds above 0, got {text!r}")
    return seconds
