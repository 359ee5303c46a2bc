"""Whatever a batched api returns, and however many rows requests bring: each caller gets what it would get alone, or an error."""

from __future__ import annotations

import asyncio
import json
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import uvicorn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

import bento
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, TextAdapter
from bento.serving import App
from bento.serving.http.fast import FastLane
from bento.serving.offline import answer
from client import post
from pressing import times


@dataclass
class Label:
    name: object


Pair = namedtuple("Pair", "labels chances")


def two(values):
    return np.stack([values, -values], axis=1)


# Results with one value for each row of the batch: requests are answered.
ROWS: dict[str, Callable[[np.ndarray], Any]] = {
    "a list": lambda values: values.tolist(),
    "a list of lists": lambda values: two(values).tolist(),
    "a list of tuples": lambda values: [*zip(values.tolist(), (-values).tolist(), strict=True)],
    "a list of dicts": lambda values: [{"value": value, "array": np.array([value])} for value in values.tolist()],
    "a list of dataclasses": lambda values: [Label(value) for value in values.tolist()],
    "a list of scalars": lambda values: [*values],
    "a list of arrays": lambda values: [*two(values)],
    "a list of arrays of other lengths": lambda values: [np.full(int(value) % 4, value) for value in values],
    "a list with gaps": lambda values: [value if value % 2 else None for value in values.tolist()],
    "a list of None": lambda values: [None] * len(values),
    "an array": lambda values: values,
    "an array backwards in memory": lambda values: values[::-1].copy()[::-1],
    "an array of two axes": two,
    "an array of two axes, in Fortran's order": lambda values: np.asfortranarray(two(values)),
    "an array of three axes": lambda values: np.stack([two(values)] * 2, axis=2),
    "an array of rows without a column": lambda values: np.zeros((len(values), 0)),
    "an array of texts": lambda values: values.astype(str),
    "an array of booleans": lambda values: values % 2 > 0,
    "an array of objects": lambda values: np.array([*[{"value": value} for value in values.tolist()], None], dtype=object)[:-1],
    "an array of times": lambda values: values.astype("datetime64[s]"),
    "an array with NaN": lambda values: np.where(values % 2, values, np.nan),
    "an array of the other byte order": lambda values: values.astype(">f8"),
    "a masked array": lambda values: np.ma.masked_array(values, mask=values % 2 > 0),
}
# The only result that answers a request in a batch but not alone: for several rows, it is "an array".
SQUEEZED = "an array without axes for one row"
# Results without one value for each row, or not for all requests with rows: nobody is answered.
OTHERS: dict[str, Callable[[np.ndarray], Any]] = {
    "a tuple of columns": lambda values: (values, -values),
    "a named tuple of columns": lambda values: Pair(values, -values),
    "a list of two columns": lambda values: [values, -values],
    "a list of three columns": lambda values: [values, values > 1, -values],
    "a list of one column": lambda values: [values],
    "a list of lists that are columns": lambda values: two(values).T.tolist(),
    "a list of dicts that are columns": lambda values: [{"labels": values}, {"chances": -values}],
    "an array of columns": lambda values: two(values).T,
    "what there is of the first row": lambda values: two(values)[0],
    "a dict of columns": lambda values: {"labels": values, "chances": -values},
    "the columns of a dict": lambda values: {"labels": values, "chances": -values}.values(),
    "a dataclass of columns": Label,
    "a record": lambda values: np.array((1.0, 2.0), dtype=[("labels", float), ("chances", float)])[()],
    "records": lambda values: np.rec.fromarrays([values, -values], names="labels, chances"),
    "a mean": lambda values: values.mean() if len(values) else 0.0,
    "an array without axes": lambda values: np.array(1.0),
    SQUEEZED: np.squeeze,
    "a row too few": lambda values: values[:-1],
    "a row too many": lambda values: [*values.tolist(), 0.0],
    "a set": lambda values: {*values.tolist()},
    "a generator": lambda values: (value for value in values.tolist()),
    "an iterator": lambda values: map(float, values),
    "a text": lambda values: "x" * len(values),
    "bytes": lambda values: b"x" * len(values),
    "bytes that change": lambda values: bytearray(len(values)),
    "nothing": lambda values: None,
}
WRITERS = {
    "undeclared": lambda: None,
    "json": JsonAdapter,
    "array": ArrayAdapter,
    "array of float32": lambda: ArrayAdapter(dtype="float32"),
    "text": TextAdapter,
    "bytes": BytesAdapter,
}


def service_of(result: str, writer: str, size: int) -> bento.Service:
    class Told(bento.Service):
        @bento.api(input=ArrayAdapter(shape=(None,), dtype="float64"), output=WRITERS[writer](), batch=bento.Batch(size=size))
        def rows(self, values):
            return {**ROWS, **OTHERS}[result](values)

        @bento.api(input=JsonAdapter(), output=WRITERS[writer](), batch=bento.Batch(size=size))
        def items(self, values):
            return {**ROWS, **OTHERS}[result](np.array(values, dtype="float64"))

    return Told()


def alone(service: bento.Service, api: str, body: bytes) -> tuple[int, bytes]:
    """The status and the body that a request gets if it comes alone."""
    try:
        return 200, answer(service, api, bento.Payload(body, "application/json")).body
    except Exception as error:  # noqa: BLE001 - whatever it is
        return getattr(error, "status", 500), b""


async def together(service: bento.Service, api: str, bodies: list[bytes]) -> list[list[tuple[int, bytes]]]:
    """The answers to requests that come at once, each on a connection of its own, by either lane."""
    app: App = bento.app(service)
    await app.lifecycle.start()
    config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, access_log=False, lifespan="off")
    config.load()
    lane = FastLane(app)
    told = []
    for protocol in (lane.protocol, HttpToolsProtocol):
        state = ServerState()
        make = lambda protocol=protocol, state=state: protocol(config, state, {})  # noqa: E731 - a factory for each server
        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        connections = [await asyncio.open_connection(*server.sockets[0].getsockname()) for _ in bodies]
        for (_, writer), body in zip(connections, bodies, strict=True):
            writer.write(post(f"/{api}", body, connection="close"))
        answers = [await asyncio.wait_for(reader.read(), 30) for reader, _ in connections]
        told.append([(int(each.split(b" ", 2)[1]), each.partition(b"\r\n\r\n")[2]) for each in answers])
        for _, writer in connections:
            writer.close()
            await writer.wait_closed()
        server.close()
        await server.wait_closed()
    await app.lifecycle.stop()
    return told


def bodies_of(api: str, counts: list[int]) -> list[bytes]:
    """Requests with these numbers of rows, in which no number comes twice."""
    first = [sum(counts[:place]) + 1 for place in range(len(counts))]
    if api == "items":
        return [b"%d" % (place + 1) for place in range(len(counts))]
    return [json.dumps([*range(start, start + count)]).encode() for start, count in zip(first, counts, strict=True)]


@settings(max_examples=times(150, 2000), deadline=None)
@given(
    result=st.sampled_from([*ROWS, *OTHERS]),
    writer=st.sampled_from([*WRITERS]),
    api=st.sampled_from(["rows", "items"]),
    counts=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    size=st.integers(1, 8),
)
@example(result=SQUEEZED, writer="undeclared", api="rows", counts=[1, 2], size=3)
def test_whatever_an_api_returns_each_caller_gets_its_own_answer_or_an_error(result, writer, api, counts, size):
    service = service_of(result, writer, size)
    bodies = bodies_of(api, counts)
    own = [alone(service, api, body) for body in bodies]
    in_a_batch = service_of("an array", writer, size) if result == SQUEEZED else service
    also = [alone(in_a_batch, api, body) for body in bodies]
    for told in asyncio.run(together(service, api, bodies)):
        for (status, body), *expected in zip(told, own, also, strict=True):
            assert status in {200, 422, 500}
            if status == 200 or result in ROWS:
                assert (status, body if status == 200 else b"") in expected


@pytest.mark.parametrize("writer", ["undeclared", "json"])
@pytest.mark.parametrize("result", ROWS)
def test_a_result_with_one_value_for_each_row_answers_all_requests(result, writer):
    service = service_of(result, writer, 16)
    bodies = bodies_of("rows", [1, 2, 3, 2])
    expected = [alone(service, "rows", body) for body in bodies]
    assert {status for status, _ in expected} == {200}
    assert asyncio.run(together(service, "rows", bodies)) == [expected, expected]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("result", [each for each in OTHERS if each != "a list of one column"])
def test_a_result_without_one_value_for_each_row_is_nobodys_answer(result, count, caplog):
    told = asyncio.run(together(service_of(result, "json", 16), "items", bodies_of("items", [1] * count)))
    assert {status for lane in told for status, _ in lane} == {500}
    assert "items" in caplog.text
