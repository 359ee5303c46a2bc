"""Requests that come in one turn of the loop are each answered as if they were alone, refusals included."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

import bento
from bento import Payload
from bento.adapters import ArrayAdapter, JsonAdapter, TextAdapter
from bento.serving import App, Limits
from bento.serving.calls.call import Call
from bento.serving.calls.request import Head
from bento.testing._same import same
from bento.testing.strategies import documents
from pressing import times

JSON = "application/json"


class Turns(bento.Service):
    """Gives back what it gets, and changes arrays in place."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def documents(self, values):
        return values

    @bento.api(input=JsonAdapter(), output=JsonAdapter(nan="refuse"), batch=True)
    def numbers(self, values):
        return [float("nan") if value is None else value for value in values]

    @bento.api(input=JsonAdapter())
    def document(self, value):
        return value

    @bento.api(input=TextAdapter(), output=TextAdapter(), batch=True)
    def texts(self, values):
        return [None if value == "none" else value for value in values]

    @bento.api(input=ArrayAdapter((None, 2), "float32"), output=JsonAdapter(), batch=True)
    def lists(self, rows):
        return rows.tolist()

    @bento.api(input=ArrayAdapter((None, 2), "float32"), output=ArrayAdapter())
    def changed(self, rows):
        rows += 1
        return rows


async def ask(service: bento.Service, api: str, turns: list[list[bytes]], *content_types: str) -> list[tuple[int, str, bytes]]:
    """Status, type and body of each answer. Each list is sent in one turn of the loop; content types are used in turn."""
    app: App = bento.app(service, limits=Limits())
    await app.lifecycle.start()
    answers: list[tuple[int, str, bytes]] = []
    content_type = cycle(content_types or (JSON,))
    for turn in turns:
        replies = [asyncio.get_running_loop().create_future() for _ in turn]
        for body, reply in zip(turn, replies, strict=True):
            call = Call(Head(next(content_type)), body, "1", time.monotonic(), lambda _, answers, reply=reply: reply.set_result(answers[0]))
            app.lifecycle.endpoints[f"/{api}"].handle(call)
        answers += [(answer.status, answer.media_type, answer.body) for answer in await asyncio.wait_for(asyncio.gather(*replies), 10)]
    await asyncio.wait_for(app.lifecycle.stop(), 10)
    return answers


# Some of these are not JSON alone, but are JSON when they are joined to others.
ODD = [
    b"",
    b"{",
    b"[1,2],[3,4]",
    b'{"a":1}',
    b"[[1",
    b"2]]",
    b"[" * 101 + b"]" * 101,
    b"[" * 99 + b"1" + b"]" * 99,
    b"NaN",
    b"\xff",
    b" null ",
]
DOCUMENTS = st.lists(st.one_of(documents().map(lambda value: JsonAdapter().encode(value, JSON)), st.sampled_from(ODD)), min_size=2)
ROWS = st.lists(
    st.sampled_from([b"[[1,2]]", b"[[0.5,2],[3,1e300]]", b"[]", b'[["a",2]]', b"[[1,2],[3]]", b"[[true,-0.0]]", b"[[1,2]"]), min_size=2
)


@settings(max_examples=times(50, 500))
@given(DOCUMENTS, st.sampled_from(["documents", "numbers", "document"]))
def test_documents_of_one_turn_are_answered_as_if_each_were_alone(bodies, api):
    together, alone = (asyncio.run(ask(Turns(), api, turns)) for turns in ([bodies], [[body] for body in bodies]))
    assert together == alone


@settings(max_examples=times(50, 500))
@given(ROWS, st.sampled_from(["lists", "changed"]))
def test_rows_of_one_turn_are_answered_as_if_each_were_alone(bodies, api):
    together, alone = (asyncio.run(ask(Turns(), api, turns)) for turns in ([bodies], [[body] for body in bodies]))
    assert together == alone


@settings(max_examples=times(50, 500))
@given(
    st.integers(2, 70),
    st.lists(st.tuples(st.integers(0, 69), st.sampled_from([b"[]", b'[["a",2]]', b"[[1,2]", b"[[1,2],[3]]"])), max_size=3),
)
def test_an_invalid_request_among_many_is_refused_and_no_other(count, unfit):
    bodies = [b"[[%d,1]]" % number for number in range(count)]
    for place, body in unfit:
        bodies[place % count] = body
    together, alone = (asyncio.run(ask(Turns(), "lists", turns)) for turns in ([bodies], [[body] for body in bodies]))
    assert together == alone


SAID = st.lists(
    st.sampled_from([JSON, "", f"{JSON}; charset=utf-8", f'{JSON};charset="UTF-8"', f"{JSON}; charset=utf-16", f"{JSON}; v=1", "a b"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=times(50, 500))
@given(DOCUMENTS | ROWS, SAID, st.sampled_from(["documents", "lists"]))
def test_requests_of_one_turn_with_any_content_types_are_answered_as_if_each_were_alone(bodies, said, api):
    together, alone = (asyncio.run(ask(Turns(), api, turns, *said)) for turns in ([bodies], [[body] for body in bodies]))
    assert together == alone


CHARSETS = [f"text/plain; charset={name}" for name in ("utf-8", "UTF-8", "utf-8-sig", "latin-1", "none")]
TEXTS = st.lists(st.text().map(str.encode) | st.sampled_from([b"\xff", b"none", b"\xef\xbb\xbfa", b"\xed\xa0\x80"]), min_size=2)


@settings(max_examples=times(50, 500))
@given(TEXTS, st.lists(st.sampled_from(["text/plain", "text/csv", "", *CHARSETS, "image/png"]), min_size=1, max_size=3))
def test_texts_of_one_turn_are_answered_as_if_each_were_alone(bodies, said):
    together, alone = (asyncio.run(ask(Turns(), "texts", turns, *said)) for turns in ([bodies], [[body] for body in bodies]))
    assert together == alone


@given(DOCUMENTS)
def test_documents_that_are_read_together_give_what_each_gives_alone(bodies):
    adapter = JsonAdapter()
    try:
        together = adapter.decode_all(bodies, JSON)
    except bento.BadInput:
        together = None
    if together is not None:
        assert same(together, [adapter.decode(Payload(body, JSON)) for body in bodies])


def test_small_documents_are_read_and_written_together():
    adapter = JsonAdapter()
    assert adapter.decode_all([b"[1,2]", bytearray(b"{}"), memoryview(b"null")], "") == [[1, 2], {}, None]
    assert adapter.encode_all([1, [2, float("nan")], 3], [None, None, None], JSON) == [b"1", b"[2,null]", b"3"]
    assert adapter.encode_all([1, 2, 3], [1, 2], JSON) == [b"[1]", b"[2,3]"]


def test_changing_an_array_that_was_read_together_with_others_does_not_change_them():
    items = ArrayAdapter((None, 2), "float32").decode_all([b"[[1,2]]", b"[[3,4],[5,6]]", b"[[7,8]]"], JSON)
    items[1][:] = 0
    assert [item.tolist() for item in items] == [[[1, 2]], [[0, 0], [0, 0]], [[7, 8]]]


def test_small_texts_are_read_and_written_together():
    adapter = TextAdapter()
    assert (
        adapter.decode_all([b"tea", "größer".encode()], "")
        == adapter.decode_all([b"tea", "größer".encode()], "text/plain")
        == ["tea", "größer"]
    )
    assert adapter.decode_all([b"tea", b"cup"], "multipart/form-data") is None
    assert adapter.encode_all(["tea", "größer"], [None, None], "text/plain") == [b"tea", "größer".encode()]
