"""For any calls: a compiled form does the same as the Python function that it replaces, and refuses values of other types."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bento.adapters import _fit, _numbers
from bento.adapters._together import _parsed
from bento.compiled import PYTHON
from bento.serving.calls.answer import Answer
from bento.serving.calls.call import Call, Run
from bento.serving.calls.request import Head
from bento.serving.http.fast import _encode
from bento.serving.http.heads import PlainCall, PlainHead
from bento.serving.http.protocol import FastProtocol
from bento.serving.http.standins import AHEAD

bento_native = pytest.importorskip("bento_native", reason="bento-native is not compiled here")

SLOTS = [name for kind in (PlainCall, Call) for name in kind.__slots__]
CALLS = "bento.serving.calls"
RUNS = [Run() for _ in range(3)]
for number, run in enumerate(RUNS):
    run.model_seconds, run.encode_seconds, run.rows = number * 0.0015, number / 3e5, number * 7

MEDIA_TYPES = ["application/json", "text/plain; charset=ä"]

moments = st.floats(0, 1e7)
texts = st.sampled_from(["4f1c", "", "ä", "弁当", "x" * 128])


def both(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return PYTHON[name], bento_native.FORMS[name]


@st.composite
def heads(draw) -> Head:
    return Head(
        draw(st.sampled_from(MEDIA_TYPES)),
        accept=draw(st.sampled_from(["*/*", "application/json"])),
        content_encoding=draw(st.sampled_from(["", "gzip"])),
        timeout=draw(st.just(math.inf) | st.floats(0.001, 100)),
    )


@st.composite
def answers(draw) -> Answer:
    body: Any = draw(st.binary(max_size=8) | st.sampled_from([b"x" * 65_536, b"x" * 65_537, bytearray(b"ab"), memoryview(b"abc")]))
    headers = draw(st.sampled_from([(), (("retry-after", "1"),), (("connection", "close"),)]))
    return Answer(
        body,
        draw(st.sampled_from(["application/json", "text/plain; charset=ä"])),
        200,
        headers,
        draw(st.sampled_from(["", "decode;dur=1", "ü"])),
    )


@st.composite
def plain_calls(draw) -> PlainCall:
    call = PlainCall(draw(heads()), draw(st.binary(max_size=4)), draw(texts), draw(moments))
    call.deadline = draw(moments | st.just(math.inf))
    call.decoded_at = draw(st.just(0.0) | st.floats(0, 100).map(lambda later: call.received + later))
    call.started_at = draw(st.just(0.0) | st.floats(0, 100).map(lambda later: call.decoded_at + later))
    call.rows = draw(st.none() | st.integers(0, 5) | st.just(10**20))
    call.group = draw(st.sampled_from([1, 1.0, "1", (2, 3), None, call]))
    call.settled = draw(st.booleans())
    call.outcome = draw(st.none() | answers() | st.builds(ValueError))
    call.run = draw(st.sampled_from(RUNS))
    call.item = object()
    call.held = draw(st.sampled_from([0, 70_000]))
    call.reply = draw(st.sampled_from([print, call.abandon, MEDIA_TYPES.index]))
    call.connection = object.__new__(FastProtocol)
    call.connection.ending = draw(st.booleans())
    return call


some_calls = st.lists(plain_calls(), min_size=1, max_size=12)


def twins(calls: list[PlainCall]) -> list[PlainCall]:
    """Copies of calls with the same objects in their slots; a call that is its own group has a copy that is its own group."""
    copies = [copy.copy(call) for call in calls]
    for call, twin in zip(calls, copies, strict=True):
        twin.group = twin if call.group is call else call.group
    return copies


def noted(calls: list[PlainCall]) -> list[list[Any]]:
    """The contents of the slots of calls; a call among them is replaced by its place."""
    places = {call: place for place, call in enumerate(calls)}
    return [
        [places.get(value, value) if isinstance(value, Call) else value for value in (getattr(call, slot, None) for slot in SLOTS)]
        for call in calls
    ]


def assert_same(name: str, calls: list[PlainCall], *arguments: Any) -> None:
    """Both forms return the same for the same calls, their first argument, and write the same into them."""
    python, native = both(name)
    others = twins(calls)
    given, also = python(calls, *arguments), native(others, *arguments)
    assert noted(others) == noted(calls)
    places = {call: place for each in (calls, others) for place, call in enumerate(each)}
    assert plain(also, places) == plain(given, places)


def plain(value: Any, places: dict[Call, int]) -> Any:
    if isinstance(value, list | tuple):
        return [plain(each, places) for each in value]
    return places[value] if isinstance(value, Call) else value


def test_the_marked_functions_are_exactly_those_that_have_a_compiled_form():
    assert set(bento_native.FORMS) == set(PYTHON)


@given(some_calls, st.floats(0.001, 100))
def test_deadlines_are_the_same(calls, seconds):
    assert_same(f"{CALLS}.deadlines.allow", calls, seconds)


@given(some_calls, st.integers(0, 5))
def test_large_bodies_are_the_same(calls, size):
    python, native = both(f"{CALLS}.endpoint.larger_than")
    assert native(size, calls) == python(size, calls)
    assert_same(f"{CALLS}.endpoint.holding", calls)


@given(some_calls, moments, st.data())
def test_items_are_noted_the_same(calls, now, data):
    assert_same(f"{CALLS}.reading.note_items", calls, [object() for _ in calls], now)
    rows = {call.item: data.draw(st.none() | st.integers(0, 5) | st.just(10**20)) for call in calls}
    assert_same(f"{CALLS}.reading.note_rows", calls, rows.__getitem__, data.draw(st.sampled_from([1, (2, 3)])))


@given(some_calls, st.integers(1, 20), moments)
def test_batches_are_the_same(calls, size, now):
    assert_same(f"{CALLS}.choosing.is_batch", calls, size, now)
    assert_same(f"{CALLS}.choosing.note_start", calls, now)


def test_an_empty_list_of_calls_is_not_a_batch():
    python, native = both(f"{CALLS}.choosing.is_batch")
    assert python([], 1, 0.0) is native([], 1, 0.0) is False


@given(some_calls, st.data())
def test_outcomes_are_the_same(calls, data):
    outcomes = [data.draw(answers() | st.builds(ValueError)) for _ in calls]
    assert_same(f"{CALLS}.writing.note_outcomes", calls, outcomes, [data.draw(texts) for _ in calls])
    assert_same(f"{CALLS}.endpoint.answered", calls)
    assert_same(f"{CALLS}.endpoint.settle", calls)


@given(some_calls)
def test_columns_are_the_same(calls):
    for name in ("pipeline.items_of", "reading.bodies_of", "reading.content_types_of", "writing.accepted_by", "writing.rows_of"):
        assert_same(f"{CALLS}.{name}", calls)
    python, native = both("bento.serving.http.fast.media_types_of")
    given_answers = [call.outcome for call in calls if isinstance(call.outcome, Answer)]
    assert native(given_answers) == python(given_answers)


@given(some_calls)
def test_runs_are_shared_by_calls_in_the_same_way(calls):
    python, native = Run(), Run()
    for form, run in zip(both(f"{CALLS}.pipeline.note_run"), (python, native), strict=True):
        form(calls, run)
        assert {call.run for call in calls} == {run}
    assert python.rows == native.rows


@given(some_calls)
def test_the_function_that_replies_is_shared_by_calls_in_the_same_way(calls):
    assert_same(f"{CALLS}.endpoint.share_reply", calls)


@given(some_calls, moments)
def test_times_are_the_same(calls, now):
    assert_same(f"{CALLS}.figures.seconds_since", calls, now)
    assert_same(f"{CALLS}.writing.server_timing", calls)
    assert_same("bento.serving.logs.lines_of", calls, now, " POST /predict 200 ")
    assert_same("bento.serving.logs.lines_of", calls, now, " POST /vorhersage/ä 200 ")
    python, native = both(f"{CALLS}.figures.stages_of")
    *sums, runs = python(calls)
    *others, also = native(calls)
    assert others == pytest.approx(sums)
    assert also == runs


@given(st.integers(0, 10**7), st.integers(-3, 3))
def test_a_time_that_has_to_be_rounded_is_written_the_same(number, steps):
    """`seconds * 1e3` near a multiple of half a microsecond, and the numbers next to it."""
    call = PlainCall(Head(), b"", "4f1c", 0.0)
    call.decoded_at = number / 2e6
    for _ in range(abs(steps)):
        call.decoded_at = max(0.0, math.nextafter(call.decoded_at, math.copysign(math.inf, steps)))
    assert_same(f"{CALLS}.writing.server_timing", [call])
    assert_same("bento.serving.logs.lines_of", [call], call.decoded_at * 100, "")


@given(
    st.lists(st.binary(max_size=4)),
    st.sampled_from(["application/json", "text/plain"]),
    st.sampled_from([(), (503, (("retry-after", "1"),))]),
)
def test_answers_are_the_same(bodies, media_type, unusual):
    python, native = both(f"{CALLS}.answer.answers_of")
    assert [[getattr(answer, slot) for slot in Answer.__slots__] for answer in native(bodies, media_type, *unusual)] == [
        [getattr(answer, slot) for slot in Answer.__slots__] for answer in python(bodies, media_type, *unusual)
    ]


@given(some_calls, st.data())
def test_encoded_answers_are_the_same(calls, data):
    python, native = both("bento.serving.http.fast.encode_all")
    starts = {media_type: f"HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: " for media_type in MEDIA_TYPES}
    given_answers = [data.draw(answers()) for _ in calls]
    for call in calls:
        call.request_id = data.draw(st.sampled_from(["4f1c", "x" * 128]))
    ended: list[PlainCall] = []

    def unusual(call: PlainCall, answer: Answer) -> Any:
        ended.append(call)
        return _encode(starts[answer.media_type], answer, call.request_id)

    # Both forms give `unusual` the answers that end a connection.
    written = native(starts, calls, given_answers, unusual)
    assert {call for call, answer in zip(calls, given_answers, strict=True) if answer.closes or call.connection.ending} <= set(ended)
    assert written == python(starts, calls, given_answers, unusual)


@pytest.mark.parametrize(("packet", "data"), [(None, b"abc"), ("abc", b"abc"), (b"abc", None), (b"ab", b"abc")])
def test_a_packet_is_checked_to_be_bytes_before_it_is_cut(packet, data):
    """The compiled form reads the bytes of a packet, which a text or None does not have."""
    head, connection = object.__new__(PlainHead), object.__new__(FastProtocol)
    head.packet, head.size, head.whole = packet, 4, 3
    connection._last_head, connection._fresh, connection._packet = head, None, b""
    connection._is_open, connection.ending, connection.pipeline, connection._running, connection.rests = False, False, (), None, False
    with pytest.raises((AttributeError, TypeError)):
        bento_native.FORMS["bento.serving.http.protocol.FastProtocol.data_received"](connection, data or b"abc")
    connection._fresh, connection._packet = head, data
    with pytest.raises((TypeError, ValueError)):
        bento_native.FORMS["bento.serving.http.protocol.fresh_calls"]([connection])


def as_lists(shape: tuple[int | None, ...], numbers: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The text of nested lists of numbers, with the sizes of a shape."""
    inner = as_lists(shape[1:], numbers) if len(shape) > 1 else numbers
    size = {"min_size": 1, "max_size": 3} if shape[0] is None else {"min_size": shape[0], "max_size": shape[0]}
    return st.lists(inner, **size).flatmap(lambda parts: spaces.map(lambda space: f"{space}[{space}{f'{space},'.join(parts)}]"))


spaces = st.sampled_from(["", "", " ", "\n\t\r "])
plain_texts = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers(-(2**53), 2**53).map(str)
odd_texts = st.from_regex(r"-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,4})?", fullmatch=True) | st.sampled_from(
    [
        "-0",
        "-0.0",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "1e999",
        "5e-324",
        "2.2250738585072011e-308",
        "9007199254740993",
        "true",
        "null",
        "NaN",
    ]
)
shapes = st.sampled_from([(None, 2), (None,), (3,), (2, 2), (None, 1, 3)])


@given(st.data())
def test_plain_numbers_are_read_as_by_a_parser_of_json(data):
    shape = data.draw(shapes)
    bodies = [text.encode() for text in data.draw(st.lists(as_lists(shape, plain_texts), min_size=1, max_size=4))]
    numbers, counts = bento_native.FORMS[f"{_numbers.__name__}.plain_numbers"](bodies, shape)
    array, also = _parsed(bodies, has_rows=shape[0] is None)
    assert (numbers, counts) == (array.astype("float64").tobytes(), also)


@given(st.data())
def test_a_text_that_is_read_as_plain_numbers_is_read_alike_by_a_parser_of_json(data):
    shape = data.draw(shapes)
    text = data.draw(as_lists(shape, odd_texts))
    place = data.draw(st.integers(0, len(text)))
    body = (
        text[:place]
        + data.draw(st.sampled_from(["", "", "[", "]", ",", "1", " ", '"', "\0"]))
        + text[place + data.draw(st.integers(0, 1)) :]
    ).encode()
    found = bento_native.FORMS[f"{_numbers.__name__}.plain_numbers"]([body], shape)
    if found is not None:
        array, counts = _parsed([body], has_rows=shape[0] is None)
        assert found == (array.astype("float64").tobytes(), counts)
        assert _fit.fits(array.shape if shape[0] is None else array.shape[1:], shape)


def test_a_line_of_the_log_has_to_begin_with_a_text():
    with pytest.raises(TypeError):
        bento_native.FORMS["bento.serving.logs.lines_of"]([], 0.0, None)


JUNK = [
    None,
    1,
    "a",
    b"a",
    object(),
    AHEAD,
    Head(),
    Answer(b"", ""),
    Run(),
    object.__new__(PlainCall),
    object.__new__(FastProtocol),
    [None],
    [object()],
]


@pytest.mark.parametrize("name", sorted(PYTHON))
@given(data=st.data())
def test_values_of_other_types_crash_nothing(name, data):
    """Only bento calls these functions, but a mistake has to be an error and not a crash."""
    junk = st.sampled_from(JUNK)
    values = data.draw(st.lists(junk | st.lists(junk, max_size=3), min_size=1, max_size=4))
    try:
        bento_native.FORMS[name](*values)
    except Exception:  # noqa: BLE001 - which one depends on what was given
        return
