"""A subclass that overrides how one request is read or written is respected when many are read or written at once."""

from __future__ import annotations

import asyncio
import json

import httpx
import numpy as np
import pytest

import bento
from bento.adapters import ArrayAdapter

JSON = "application/json"
UTF8 = f"{JSON}; charset=utf-8"


class HalvingAdapter(ArrayAdapter):
    def decode(self, payload):
        return super().decode(payload) / 2


class SignAdapter(ArrayAdapter):
    def group(self, item):
        return super().group(item), bool(item[0, 0] < 0)


class RoundingAdapter(ArrayAdapter):
    def encode(self, value, media_type):
        return super().encode(value.round(), media_type)


class LastAdapter(ArrayAdapter):
    def unstack(self, result, rows):
        return [part[-1:] for part in super().unstack(result, rows)]


class CountedAdapter(ArrayAdapter):
    def content_type(self, media_type, body):
        return f"{media_type}; rows={body.count(b',') + 1}"


class Service(bento.Service):
    """Answers the sum of each row, and remembers the arguments of its calls."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def sums(self, rows):
        self.batches.append(rows[:, 0].tolist())
        return rows.sum(axis=1)


async def ask(service, bodies, content_types):
    """The answers to requests that arrive in the same turn of the event loop, after an earlier request alone."""
    app = bento.app(service)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        await client.post("/total", content=json.dumps([[0.0, 0.0]]), headers={"content-type": JSON})
        answers = await asyncio.gather(
            *(
                client.post("/total", content=json.dumps(body), headers={"content-type": content_type})
                for body, content_type in zip(bodies, content_types, strict=True)
            )
        )
    await app.lifecycle.stop()
    return [(answer.headers["content-type"], answer.json()) for answer in answers]


def served(reader, writer, bodies, content_types=(JSON, JSON)):
    class Sums(Service):
        @bento.api(input=reader, output=writer, batch=True)
        def total(self, rows):
            return self.sums(rows)

    service = Sums()
    return asyncio.run(ask(service, bodies, content_types)), service.batches[1:]


BODIES = [[[1.0, 0.5]], [[-2.0, 0.5], [-2.0, 1.5]]]


@pytest.mark.parametrize(
    ("reader", "writer", "answers", "calls"),
    [
        (ArrayAdapter, ArrayAdapter, [(JSON, [1.5]), (JSON, [-1.5, -0.5])], 1),
        (HalvingAdapter, ArrayAdapter, [(JSON, [0.75]), (JSON, [-0.75, -0.25])], 1),
        (SignAdapter, ArrayAdapter, [(JSON, [1.5]), (JSON, [-1.5, -0.5])], 2),
        (ArrayAdapter, RoundingAdapter, [(JSON, [2.0]), (JSON, [-2.0, 0.0])], 1),
        (ArrayAdapter, LastAdapter, [(JSON, [1.5]), (JSON, [-0.5])], 1),
        (ArrayAdapter, CountedAdapter, [(f"{JSON}; rows=1", [1.5]), (f"{JSON}; rows=2", [-1.5, -0.5])], 1),
    ],
)
def test_methods_that_a_subclass_overrides_also_apply_to_requests_read_together(reader, writer, answers, calls):
    given, batches = served(reader(shape=(None, 2), dtype="float64"), writer(dtype="float64"), BODIES)
    assert given == answers
    assert len(batches) == calls


def test_a_subclass_with_its_own_decode_all_reads_requests_together():
    class Both(SignAdapter):
        def decode_all(self, bodies, media_type):
            values = [np.array([[number, 0.0]]) for number, _ in enumerate(bodies)]
            return values if media_type == JSON else None

    assert served(Both(shape=(None, 2), dtype="float64"), ArrayAdapter(), BODIES)[0] == [(JSON, [0.0]), (JSON, [1.0])]


class CountingAdapter(ArrayAdapter):
    """Remembers how many bodies it has read together."""

    def decode_all(self, bodies, media_type):
        self.together = [*getattr(self, "together", []), (len(bodies), media_type)]
        return super().decode_all(bodies, media_type)


class OwnCharsetAdapter(CountingAdapter):
    """Reads a charset its own way, unlike the class that it inherits from."""

    def decode(self, payload):
        return super().decode(payload) * (2 if payload.parameters else 1)

    def decode_all(self, bodies, media_type):
        return super().decode_all(bodies, media_type)


@pytest.mark.parametrize(
    ("content_types", "together"),
    [
        ((JSON, JSON), [(2, JSON)]),
        ((UTF8, UTF8), [(2, JSON)]),
        ((UTF8, 'application/json;charset="UTF8"'), [(2, JSON)]),
        ((JSON, UTF8), [(2, JSON)]),
        ((JSON, f"{JSON}; charset=latin-1"), []),
        ((JSON, f"{JSON}; version=1"), []),
        ((JSON, f"{UTF8}; version=1"), []),
        ((JSON, ""), []),
    ],
)
def test_naming_the_usual_charset_of_json_does_not_prevent_reading_together(content_types, together):
    adapter = CountingAdapter(shape=(None, 2), dtype="float64")
    answers, _ = served(adapter, ArrayAdapter(), BODIES, content_types)
    assert answers == [(JSON, [1.5]), (JSON, [-1.5, -0.5])]
    assert getattr(adapter, "together", []) == together


def test_a_subclass_that_reads_charsets_its_own_way_is_given_the_charset():
    answers, _ = served(OwnCharsetAdapter(shape=(None, 2), dtype="float64"), ArrayAdapter(), BODIES, (UTF8, JSON))
    assert answers == [(JSON, [3.0]), (JSON, [-1.5, -0.5])]
