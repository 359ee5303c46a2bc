"""Calls wait for clients that ask again as soon as they are answered, if measurements show that waiting pays."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bento
from bento.adapters import JsonAdapter
from bento.serving import App, Limits
from bento.serving.calls.call import Call
from bento.serving.calls.request import Head
from bento.serving.calls.returning import Returning

SIZES = (14, 50)


def flat(_: int) -> float:
    return 0.02


def by_the_row(rows: int) -> float:
    return 0.001 * rows


def waits(seconds: Callable[[int], float], back: float, took: float, sizes: tuple[int, ...] = SIZES, calls: int = 4000) -> list[bool]:
    """Which of the calls wait for clients, if the share `back` of them comes back, and the last of those after `took` seconds."""
    returning = Returning()
    found = []
    now = 0.0
    for number in range(calls):
        rows = sizes[number % len(sizes)]
        now += seconds(rows)
        returning.observe(rows, seconds(rows))
        wait = returning.begin(rows, now)
        found.append(wait > 0)
        waiting = returning.awaits_more(round(back * rows))
        assert waiting == (wait > 0 and round(back * rows) < rows)
        now += wait if waiting else took
        returning.end(now)
    return found


def test_calls_that_take_as_long_for_few_rows_wait_for_clients_that_come_back_at_once():
    assert all(waits(flat, 1.0, 0.001)[10:])


def test_waiting_is_tried_even_if_all_calls_have_the_same_size():
    assert all(waits(flat, 1.0, 0.001, sizes=(32,))[10:])


@pytest.mark.parametrize(
    ("seconds", "back", "took"),
    [(flat, 0.0, 0.005), (flat, 0.25, 0.005), (by_the_row, 1.0, 0.001), (lambda _: 0.003, 0.5, 0.0015)],
    ids=["nobody comes back", "few come back", "each row takes its time", "the wait takes as long as it saves"],
)
def test_fewer_than_one_call_in_a_hundred_waits_if_waiting_does_not_pay(seconds, back, took):
    assert sum(waits(seconds, back, took)[1000:]) < 30


@pytest.mark.parametrize(("seconds", "sizes"), [(lambda _: 0.0003, SIZES), (flat, (1, 2, 3))], ids=["cheap calls", "few clients"])
def test_calls_do_not_wait_if_little_can_be_gained(seconds, sizes):
    assert not any(waits(seconds, 1.0, 0.0001, sizes))


def test_clients_that_begin_to_come_back_are_waited_for_before_long():
    returning = Returning()
    for back in [0] * 2000 + [50] * 600:
        returning.observe(50, 0.02)
        waited = returning.begin(50, 0.0) > 0
        returning.awaits_more(back)
        returning.end(0.001 if back else 0.005)
    assert waited


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0, 10), st.integers(0, 300)), max_size=100))
def test_a_wait_is_never_longer_than_5_ms_nor_than_half_of_what_it_may_save(calls):
    returning = Returning()
    for rows, seconds, came in calls:
        returning.observe(rows, seconds)
        assert returning.begin(rows, 0.0) <= min(0.005, returning.fixed_seconds / 2)
        assert 0 <= returning.fixed_seconds <= 10
        returning.awaits_more(came)
        returning.end(0.001)


class Slow(bento.Service):
    """Takes as long for one number as for many; remembers how many it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def double(self, numbers):
        self.sizes.append(len(numbers))
        time.sleep(0.02)
        return [2 * number for number in numbers]


class Insistent:
    """Eight clients: each asks again as soon as it is answered, as long as there is something to ask."""

    def __init__(self, app: App, questions: Iterator[int]) -> None:
        self._endpoint = app.lifecycle.endpoints["/double"]
        self._questions = questions

    def ask(self) -> None:
        for number in self._questions:
            self._endpoint.handle(Call(Head("application/json"), b"%d" % number, str(number), time.monotonic(), self.reply))
            return

    def reply(self, calls, answers) -> None:
        for call, answer in zip(calls, answers, strict=True):
            assert answer.body == b"%d" % (2 * int(call.request_id))
            asyncio.get_running_loop().call_soon(self.ask)


def test_two_groups_of_clients_that_take_turns_become_one():
    service = Slow()

    def is_over() -> bool:
        return service.sizes[-3:] == [8, 8, 8] or len(service.sizes) >= 200

    async def ask() -> None:
        app: App = bento.app(service, limits=Limits())
        await app.lifecycle.start()
        clients = Insistent(app, itertools.takewhile(lambda _: not is_over(), itertools.count()))
        async with asyncio.timeout(60):
            for group in range(2):
                for _ in range(4):
                    clients.ask()
                while len(service.sizes) <= group:
                    await asyncio.sleep(0.001)
            while not is_over():
                await asyncio.sleep(0.01)
            await app.lifecycle.stop()

    asyncio.run(ask())
    assert service.sizes[-3:] == [8, 8, 8]
