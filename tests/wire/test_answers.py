"""Answers are JSON text in UTF-8 unless asked for otherwise, each in its own format, with the request's id."""

from __future__ import annotations

import json

import pytest

from transports import Sent

JSON = "application/json"


def anything(kind: str) -> Sent:
    return Sent("anything", json.dumps(kind).encode(), JSON)


def test_text_in_json_is_utf8(transport):
    assert transport.ask(anything("json")).strip() == '{"東":"京"}'.encode()


def test_bytes_in_json_are_text_or_base64(transport):
    assert transport.value(anything("bytes")) == ["abc", {"b64": "iVBORw=="}]


def test_nan_in_an_answer_is_null(transport):
    assert transport.value(anything("array")) == [1.0, None]


def test_text_is_utf8(transport):
    assert transport.ask(anything("text")).decode().strip() == "naïve"


TYPES = [("text", "text/plain; charset=utf-8"), ("array", JSON), ("file", "application/octet-stream"), ("json", JSON)]


def test_the_format_is_decided_for_each_answer(http):
    for kind, content_type in TYPES * 2:
        assert http.post(anything(kind)).headers["content-type"] == content_type


@pytest.mark.parametrize(
    "sent", [Sent("json", b"1", JSON), Sent("json", b"oops", JSON), Sent("json", b"1", "x/y"), Sent("nowhere", b"1", JSON)]
)
def test_every_answer_has_the_id_of_its_request(http, sent):
    assert http.post(sent, **{"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    ids = {http.post(sent).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
