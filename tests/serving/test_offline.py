"""Any number of requests through an api without a server: `bento run --input-lines` is made of it."""

from __future__ import annotations

import asyncio

import pytest

import bento
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.errors import InvalidInput
from bento.serving import answer_all


class Asked(bento.Service):
    """Remembers what its apis were called with."""

    def __init__(self):
        super().__init__()
        self.calls = []

    @bento.api(input=ArrayAdapter(shape=(None, 1), dtype="float64"), output=ArrayAdapter(), batch=bento.Batch(size=4))
    def negate(self, rows):
        self.calls.append(len(rows))
        return -rows

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def same(self, value):
        self.calls.append(value)
        return value

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def drop(self, value):
        raise asyncio.CancelledError(value)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def drop_waiting(self, value):
        raise asyncio.CancelledError(value)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def drop_stream(self, value):
        yield value
        raise asyncio.CancelledError(value)

    @bento.api(input=ArrayAdapter(shape=(None, 1), dtype="float64"), output=ArrayAdapter(), batch=bento.Batch(size=4))
    async def drop_twos(self, rows):
        if 2 in rows:
            raise asyncio.CancelledError(2)
        return -rows

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), concurrency=3)
    async def meet(self, value):
        self.calls.append(value)
        while len(self.calls) < 3:
            await asyncio.sleep(0)
        return value


def answers(service, api, bodies):
    return [[getattr(outcome, "body", outcome) for outcome in part] for part in answer_all(service, api, bodies)]


def test_bodies_are_answered_in_batches_of_the_apis_size():
    service = Asked()
    bodies = [b"[[%d]]" % number for number in range(10)]
    assert [len(part) for part in answers(service, "negate", bodies)] == [4, 4, 2]
    # Until a batch has shown that its results are as many as its rows, calls are made alone.
    assert service.calls[-2:] == [4, 2]


def test_a_batch_holds_no_more_rows_than_it_may_and_every_answer_is_its_own():
    service = Asked()
    bodies = [b"[[1],[2],[3]]", b"[[4],[5]]", b"[]", b"[[6],[7],[8],[9],[10]]", b"[[11]]"]
    got = [body for part in answers(service, "negate", bodies) for body in part]
    assert got == [b"[[-1.0],[-2.0],[-3.0]]", b"[[-4.0],[-5.0]]", b"[]", b"[[-6.0],[-7.0],[-8.0],[-9.0],[-10.0]]", b"[[-11.0]]"]
    assert max(service.calls) <= 4


def test_no_more_bodies_are_read_than_one_batch_takes():
    read = []
    bodies = (read.append(number) or b"[[1]]" for number in range(1000))
    next(answer_all(Asked(), "negate", bodies))
    assert len(read) == 4


def test_bodies_of_many_megabytes_are_not_gathered():
    large = b" " * (9 << 20) + b"[[1]]"
    assert [len(part) for part in answers(Asked(), "negate", [large] * 3)] == [1, 1, 1]


def test_bodies_that_were_read_are_answered_before_the_error_that_ends_reading_is_raised():
    def bodies():
        yield from [b"[[1]]"] * 6
        raise OSError("no more can be read")

    parts = answer_all(Asked(), "negate", bodies())
    assert [len(next(parts)), len(next(parts))] == [4, 2]
    with pytest.raises(OSError, match="no more can be read"):
        next(parts)


def test_an_async_api_gets_as_many_calls_at_once_as_its_concurrency_allows():
    assert answers(Asked(), "meet", [b"1", b"2", b"3"]) == [[b"1", b"2", b"3"]]


@pytest.mark.parametrize("api", ["drop", "drop_waiting", "drop_stream"])
def test_a_cancellation_that_an_api_raises_is_the_outcome_of_its_call(api):
    outcomes = [repr(outcome) for part in answers(Asked(), api, [b"1", b"2"]) for outcome in part]
    assert outcomes == ["CancelledError(1)", "CancelledError(2)"]


def test_a_cancellation_that_an_api_raises_for_one_leaves_its_neighbours_answered():
    bodies = [b"[[%d]]" % number for number in (0, 1, 2, 3, 1, 2, 1, 1)]
    outcomes = [str(outcome) for part in answers(Asked(), "drop_twos", bodies) for outcome in part]
    assert outcomes == [*["b'[[-0.0]]'", "b'[[-1.0]]'", "2", "b'[[-3.0]]'"], *["b'[[-1.0]]'", "2", "b'[[-1.0]]'", "b'[[-1.0]]'"]]


@pytest.mark.anyio
async def test_an_async_api_can_be_called_inside_a_running_event_loop():
    assert answers(Asked(), "meet", [b"1", b"2", b"3", b"4"]) == [[b"1", b"2", b"3"], [b"4"]]


def test_an_async_api_leaves_the_threads_own_event_loop_in_place():
    before = asyncio.new_event_loop()
    asyncio.set_event_loop(before)
    try:
        answers(Asked(), "meet", [b"1", b"2", b"3"])
        assert asyncio.get_event_loop() is before
    finally:
        asyncio.set_event_loop(None)
        before.close()


def test_the_error_for_an_unknown_api_lists_the_apis_that_exist():
    with pytest.raises(InvalidInput, match="asked has no api 'ask': its apis are negate, same, drop, "):
        next(answer_all(Asked(), "ask", [b"1"]))
