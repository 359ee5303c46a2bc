"""Answers: what goes back to a client, whichever lane it came by, and how an error becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import orjson

from ...compiled import compiled
from ...errors import BentoError, Overloaded, TooLarge

PROBLEM = "application/problem+json"

# A plain number, because comparing a member of an enumeration takes as long as everything else by which `failure` decides.
FAULT = HTTPStatus.INTERNAL_SERVER_ERROR.value

# Before Python 3.13 four phrases differ, and a client should get the same ones under every Python. Source: RFC 9110, section 15.5.
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
_PHRASES = {status.value: status.phrase for status in HTTPStatus} | _RENAMED


class Answer:
    """A whole answer: `media_type` is its Content-Type header, `timing` its Server-Timing header, if any.

    `headers` come in addition to those that every answer has; their names are in lower case.
    """

    # Made for every request and read a dozen times: a named tuple takes twice as long for both.
    __slots__ = ("body", "headers", "media_type", "status", "timing")

    def __init__(
        self, body: bytes, media_type: str, status: int = 200, headers: tuple[tuple[str, str], ...] = (), timing: str = ""
    ) -> None:
        self.body = body
        self.media_type = media_type
        self.status = status
        self.headers = headers
        self.timing = timing

    @property
    def closes(self) -> bool:
        """Whether the connection closes after this answer."""
        return ("connection", "close") in self.headers


def problem(status: int, detail: str, *, request_id: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An error as a problem document. Source: RFC 9457."""
    document = orjson.dumps({"type": "about:blank", "title": _PHRASES[status], "status": status, "detail": detail})
    return Answer(_of_request(document, request_id) if request_id else document, PROBLEM, status, headers)


def failure(error: BaseException, request_id: str = "") -> Answer:
    """The answer to a request that ended in `error`. It explains what the client can mend, and otherwise reveals nothing of the inside."""
    if isinstance(error, BentoError) and error.status != FAULT and error.status in _PHRASES:
        # A client may have sent half of a surrogate pair, which UTF-8 cannot express.
        detail = str(error).encode("utf-8", "replace").decode()
        return problem(error.status, detail, request_id=request_id, headers=headers_for(error))
    return problem(500, "the service failed to answer; its log says why, under this request's id", request_id=request_id)


def failures(error: BentoError, request_ids: Sequence[str]) -> list[Answer]:
    """The answers to requests that all ended in this error."""
    answer = failure(error)
    bodies = [_of_request(answer.body, request_id) for request_id in request_ids]
    return answers_of(bodies, answer.media_type, answer.status, answer.headers)


def _of_request(document: bytes, request_id: str) -> bytes:
    """A problem document that names its request as well."""
    return b'%s,"request_id":%s}' % (document[:-1], orjson.dumps(request_id))


def headers_for(error: BentoError) -> tuple[tuple[str, str], ...]:
    """The headers of an answer to this error, in addition to those that every answer has."""
    if isinstance(error, Overloaded):
        return (("retry-after", str(error.retry_after)),)
    # Keeping the connection would mean reading the rest of a body that is too large.
    return (("connection", "close"),) if isinstance(error, TooLarge) else ()


def headers_of(answer: Answer, request_id: str) -> list[tuple[str, str]]:
    """Every header of an api's answer, in the order in which both lanes write them; the fast lane does so by itself (`http/fast.py`)."""
    return [
        ("content-type", answer.media_type),
        ("content-length", str(len(answer.body))),
        *common_headers(request_id),
        *((("server-timing", answer.timing),) if answer.timing else ()),
        *answer.headers,
    ]


def common_headers(request_id: str) -> tuple[tuple[str, str], ...]:
    """The headers that every answer of an api has, including a stream."""
    return (("x-content-type-options", "nosniff"), ("x-request-id", request_id))


@compiled
def answers_of(bodies: Sequence[bytes], media_type: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> list[Answer]:
    """Answers that differ only in their bodies."""
    return [Answer(body, media_type, status, headers) for body in bodies]
