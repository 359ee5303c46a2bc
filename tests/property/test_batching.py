"""For any arrivals, sizes, groups, failures and departures: every request is answered once, with its own answer."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bento
from bento.adapters import ArrayAdapter
from bento.serving import App, Limits
from bento.serving.calls.batching import Batcher
from bento.serving.calls.call import Call
from bento.serving.calls.deadlines import Deadlines
from bento.serving.calls.request import Head
from pressing import times


@dataclass(frozen=True)
class Ask:
    """One request: its numbers of rows and columns, whether it is poison, whether its client leaves, and the pause after it."""

    rows: int
    columns: int
    poison: bool
    leaves: bool
    pause: int


asks = st.lists(
    st.builds(Ask, st.integers(0, 5), st.integers(1, 2), st.booleans(), st.booleans(), st.integers(0, 2)),
    max_size=12,
)


class Doubling(bento.Service):
    """Doubles rows; a negative number is poison."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.seen: list[int] = []

    def answer(self, rows):
        assert len({row.shape for row in rows}) <= 1
        self.seen += [len(rows)]
        if (rows < 0).any():
            raise RuntimeError("poison")
        return rows * 2


def service_of(size: int) -> Doubling:
    class Sized(Doubling):
        @bento.api(input=ArrayAdapter(shape=(None, None), dtype="float64"), batch=bento.Batch(size=size))
        def double(self, rows):
            return self.answer(rows)

    return Sized(size)


class Lane:
    """Keeps the answers that it is given, by request id."""

    def __init__(self) -> None:
        self.kept: dict[str, list[tuple[int, bytes]]] = defaultdict(list)

    def reply(self, calls, answers) -> None:
        for call, answer in zip(calls, answers, strict=True):
            self.kept[call.request_id].append((answer.status, answer.body))


async def ask_all(service: Doubling, batch: list[Ask], lanes: int = 1) -> dict[int, list[tuple[int, bytes]]]:
    """Ask by this many lanes in turn; answers of one lane that are ready at once come together."""
    app: App = bento.app(service, limits=Limits())
    await app.lifecycle.start()
    endpoint = app.lifecycle.endpoints["/double"]
    asked = [Lane() for _ in range(lanes)]
    for number, ask in enumerate(batch):
        sign = -1 if ask.poison else 1
        body = repr([[sign * (number + 1)] * ask.columns] * ask.rows).encode()
        endpoint.handle(call := Call(Head("application/json"), body, str(number), time.monotonic(), asked[number % lanes].reply))
        for _ in range(ask.pause):
            await asyncio.sleep(0)
        if ask.leaves:
            endpoint.leave(call)
    await asyncio.wait_for(app.lifecycle.stop(), 10)
    return {number: asked[number % lanes].kept[str(number)] for number in range(len(batch))}


@settings(max_examples=times(50, 500), deadline=None)
@given(batch=asks, size=st.integers(1, 6), lanes=st.integers(1, 3))
def test_every_request_is_answered_once_with_its_own_answer(batch, size, lanes):
    service = service_of(size)
    answers = asyncio.run(ask_all(service, batch, lanes))
    for number, ask in enumerate(batch):
        own = answers[number]
        if ask.leaves:
            assert len(own) <= 1
            continue
        assert len(own) == 1
        status, body = own[0]
        if ask.poison and ask.rows:
            assert status == 500
        elif ask.rows:
            assert (status, body) == (200, repr([[2.0 * (number + 1)] * ask.columns] * ask.rows).replace(" ", "").encode())
        else:
            assert status in {200, 422}


@settings(max_examples=times(20, 200), deadline=None)
@given(rows=st.lists(st.integers(0, 9), min_size=1, max_size=20), size=st.integers(1, 8))
def test_no_batch_holds_more_rows_than_its_size(rows, size):
    service = service_of(size)
    asyncio.run(ask_all(service, [Ask(count, 1, False, False, 0) for count in rows]))
    assert sum(service.seen) == sum(rows)
    assert max(service.seen) <= size


@pytest.mark.parametrize("groups", [1, 5000], ids=["of one group", "of a group each"])
def test_the_cost_of_a_long_queue_grows_linearly_with_its_length(groups):
    """Each request without rows is a group of its own, and anybody may send thousands of them."""

    async def ask() -> float:
        app: App = bento.app(service_of(64), limits=Limits())
        await app.lifecycle.start()
        api = app.lifecycle.endpoints["/double"].api
        done: list[Call] = []

        async def execute(calls: Sequence[Call]) -> None:
            done.extend(calls)

        batcher = Batcher(api, execute, lambda _, __: None, asyncio.get_running_loop(), 5000, lambda _, __: None)
        calls = [Call(Head(), b"", str(number), time.monotonic()) for number in range(5000)]
        for number, call in enumerate(calls):
            call.group = number % groups
        began = time.process_time()
        batcher.add(calls)
        async with asyncio.timeout(30):
            while len(done) < len(calls):
                await asyncio.sleep(0.001)
        seconds = time.process_time() - began
        batcher.close()
        await app.lifecycle.stop()
        assert len(set(done)) == len(calls)
        return seconds

    assert asyncio.run(ask()) < 4


def test_a_deadline_that_passes_does_not_cost_a_look_at_all_open_calls():
    async def expire() -> float:
        open_calls = Deadlines(asyncio.get_running_loop(), lambda call, _: late.append(call))
        late: list[Call] = []
        began = time.process_time()
        open_calls.add([Call(Head(timeout=0.1 + number / 10_000), b"", str(number), time.monotonic()) for number in range(5000)], 60)
        async with asyncio.timeout(30):
            while len(late) < 5000:
                await asyncio.sleep(0.01)
        assert not len(open_calls)
        assert len(set(late)) == 5000
        return time.process_time() - began

    assert asyncio.run(expire()) < 1


class Choosy(Lane):
    """Cannot write an answer of 200 to the second request, nor the answers that come with it."""

    def reply(self, calls, answers) -> None:
        if any(call.request_id == "1" and answer.status == 200 for call, answer in zip(calls, answers, strict=True)):
            raise UnicodeEncodeError("latin-1", "\u0151", 0, 1, "no such character")
        super().reply(calls, answers)


@pytest.mark.parametrize("lanes", [1, 3], ids=["of one lane", "of a lane each"])
def test_an_answer_that_cannot_be_written_is_a_500_and_all_other_requests_are_answered(lanes):
    async def ask() -> tuple[list[Choosy], str]:
        app: App = bento.app(service_of(8), limits=Limits())
        await app.lifecycle.start()
        asked = [Choosy() for _ in range(lanes)]
        for number in range(3):
            call = Call(Head("application/json"), b"[[1]]", str(number), time.monotonic(), asked[number % lanes].reply)
            app.lifecycle.endpoints["/double"].handle(call)
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return asked, app.lifecycle.metrics.exposition()[0].decode()

    asked, page = asyncio.run(ask())
    assert [[status for status, _ in asked[number % lanes].kept[str(number)]] for number in range(3)] == [[200], [500], [200]]
    assert 'bento_requests_total{api="double",status="200"} 2.0' in page
    assert 'bento_requests_total{api="double",status="500"} 1.0' in page
