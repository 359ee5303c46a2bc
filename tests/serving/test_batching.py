"""A batch in which one request never harms another, and an answer never reaches the wrong caller."""

from __future__ import annotations

import asyncio
import threading
import weakref

import httpx
import numpy as np
import pytest

import bento
from bento.adapters import ArrayAdapter, JsonAdapter

pytestmark = pytest.mark.anyio


class Gated(bento.Service):
    """Doubles numbers once its gate is open; remembers what each call was given."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[int]] = []

    @bento.api(input=JsonAdapter(), batch=bento.Batch(size=4))
    def double(self, values):
        self.batches.append(list(values))
        self.entered.set()
        assert self.gate.wait(10)
        if "poison" in values:
            raise RuntimeError("poisoned")
        return [2 * value for value in values]


async def wait_for(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def post_behind_a_running_call(client: httpx.AsyncClient, service: Gated, values, api: str = "double") -> list[httpx.Response]:
    """Send one request that occupies the only call, then the others, which queue up behind it."""
    first = asyncio.create_task(client.post(f"/{api}", json=0))
    await wait_for(service.entered.is_set)
    rest = []
    for value in values:
        rest.append(asyncio.create_task(client.post(f"/{api}", json=value)))
        await asyncio.sleep(0)
    await wait_until_in_flight(client, api, 1 + len(rest))
    service.gate.set()
    return await asyncio.gather(first, *rest)


async def wait_until_in_flight(client: httpx.AsyncClient, api: str, count: int) -> None:
    figure = f'bento_requests_in_flight{{api="{api}"}} {count}.0'
    async with asyncio.timeout(10):
        while figure not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.001)


async def test_requests_that_queue_share_a_call_oldest_first(serving):
    service = Gated()
    async with serving(service) as client:
        responses = await post_behind_a_running_call(client, service, [1, 2, 3, 4, 5, 6])
    assert [response.json() for response in responses] == [0, 2, 4, 6, 8, 10, 12]
    assert service.batches == [[0], [1, 2, 3, 4], [5, 6]]


async def test_only_the_guilty_request_of_a_batch_fails(serving, caplog):
    service = Gated()
    async with serving(service) as client:
        responses = await post_behind_a_running_call(client, service, [1, "poison", 3, 4])
    assert [response.status_code for response in responses] == [200, 200, 500, 200, 200]
    assert [response.json() for response in responses if response.status_code == 200] == [0, 2, 6, 8]
    assert len(caplog.messages) == 1


class Plate:
    """Something large."""


class Greedy(Gated):
    """Notes at each call how many plates exist. Every call takes one; a poisoned call keeps it in its error."""

    def __init__(self) -> None:
        super().__init__()
        self.plates: list[weakref.ref[Plate]] = []
        self.left: list[int] = []

    @bento.api(input=JsonAdapter(), batch=bento.Batch(size=4))
    def double(self, values):
        self.left.append(sum(plate() is not None for plate in self.plates))
        plate = Plate()
        self.plates.append(weakref.ref(plate))
        try:
            return super().double(values)
        except RuntimeError as error:
            raise MemoryError("no more plates") from error


async def test_what_a_failed_request_held_is_freed_before_the_rest_of_its_batch_is_tried_again(serving):
    """For example a GPU's memory: a request that takes too much of it must not make others fail."""
    service = Greedy()
    async with serving(service) as client:
        responses = await post_behind_a_running_call(client, service, ["poison", 2, 3, 4])
    assert [response.status_code for response in responses] == [200, 500, 200, 200, 200]
    assert service.batches == [[0], ["poison", 2, 3, 4], ["poison", 2], ["poison"], [2], [3, 4]]
    assert service.left == [0] * 6


class Circular(Gated):
    """Raises errors that are their own cause."""

    @bento.api(input=JsonAdapter(), batch=bento.Batch(size=4))
    def double(self, values):
        try:
            return super().double(values)
        except RuntimeError as error:
            raise error from error


async def test_an_error_that_is_its_own_cause_harms_no_other_request(serving):
    service = Circular()
    async with serving(service) as client:
        responses = await post_behind_a_running_call(client, service, ["poison", 2, 3, 4])
    assert [response.status_code for response in responses] == [200, 500, 200, 200, 200]


async def test_a_request_whose_client_left_is_never_started(serving):
    service = Gated()
    async with serving(service) as client:
        first = asyncio.create_task(client.post("/double", json=0))
        await wait_for(service.entered.is_set)
        leaver, stayer = (asyncio.create_task(client.post("/double", json=value)) for value in (1, 2))
        await wait_until_in_flight(client, "double", 3)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        service.gate.set()
        assert (await first).json() == 0
        assert (await stayer).json() == 4
    assert service.batches == [[0], [2]]


async def test_a_request_that_expired_in_the_queue_is_never_started(serving):
    service = Gated()
    async with serving(service) as client:
        first = asyncio.create_task(client.post("/double", json=0))
        await wait_for(service.entered.is_set)
        late = await client.post("/double", json=1, headers={"request-timeout": "0.02"})
        service.gate.set()
        await first
    assert late.status_code == 504
    assert service.batches == [[0]]


async def test_an_answer_after_the_deadline_goes_nowhere_and_frees_its_place(serving):
    service = Gated()
    async with serving(service) as client:
        late = await client.post("/double", json=1, headers={"request-timeout": "0.02"})
        service.gate.set()
        good = await client.post("/double", json=2)
    assert (late.status_code, good.json()) == (504, 4)


class Mistaken(bento.Service):
    @bento.api(input=JsonAdapter(), batch=True)
    def short(self, values):
        return values[:-1]

    @bento.api(input=JsonAdapter(), batch=True)
    def scalar(self, values):
        return 1

    @bento.api(input=JsonAdapter(), batch=True)
    def leave(self, values):
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("api", "message"),
    [
        ("short", "short: expected a result of 1 rows, one for each row of the batch, got 0"),
        (
            "scalar",
            "scalar: expected a result of 1 rows, got a int that has no length: return a list or an array, with one result for each row",
        ),
    ],
)
async def test_a_result_of_another_length_is_an_error_and_never_an_answer(serving, caplog, api, message):
    async with serving(Mistaken()) as client:
        response = await client.post(f"/{api}", json=1)
    assert response.status_code == 500
    assert message in caplog.text


async def test_an_api_that_exits_fails_its_caller_and_not_the_server(serving, caplog):
    async with serving(Mistaken()) as client:
        assert (await client.post("/leave", json=1)).status_code == 500
        assert (await client.get("/livez")).status_code == 200


class Widths(bento.Service):
    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    @bento.api(input=ArrayAdapter(shape=(None, None), dtype="float64"), batch=bento.Batch(wait=0.2))
    def total(self, rows):
        self.shapes.append(rows.shape)
        return rows.sum(axis=1)


async def test_arrays_of_different_widths_are_never_stacked(serving):
    service = Widths()
    async with serving(service) as client:
        await client.post("/total", json=[[1.0]])
        answers = await asyncio.gather(*(client.post("/total", json=[[1.0] * width] * 2) for width in (3, 5, 3)))
    assert [answer.json() for answer in answers] == [[3.0, 3.0], [5.0, 5.0], [3.0, 3.0]]
    assert sorted(service.shapes) == [(1, 1), (2, 5), (4, 3)]


@pytest.mark.parametrize("output", [None, ArrayAdapter(), JsonAdapter()])
async def test_a_request_larger_than_a_batch_is_split_and_put_together_again(serving, output):
    class Split(bento.Service):
        def __init__(self) -> None:
            super().__init__()
            self.sizes: list[int] = []

        @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=output, batch=bento.Batch(size=3))
        def total(self, rows):
            self.sizes.append(len(rows))
            return rows.sum(axis=1)

    service = Split()
    async with serving(service) as client:
        answer = await client.post("/total", json=[[row, 1] for row in range(8)])
    assert answer.json() == [row + 1.0 for row in range(8)]
    assert service.sizes == [3, 3, 2]


async def test_a_request_without_rows_is_answered_alone(serving):
    service = Widths()
    async with serving(service) as client:
        await client.post("/total", json=[[1.0]])
        answers = await asyncio.gather(*(client.post("/total", json=[[1.0, 2.0]] * rows) for rows in (1, 0, 1)))
    assert [answer.json() for answer in answers] == [[3.0], [], [3.0]]
    assert sorted(service.shapes) == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("foreign", [(b"[[9,9]],[[9,9]],[[9,9", b"]]"), (b'[[9,9]],[[9,9]],["', b'"]')])
async def test_a_body_that_is_json_only_when_joined_to_another_is_refused_alone(serving, foreign):
    before, behind = foreign
    bodies = [b"[[1,2]]", before, b"[[3,4]]", behind, b"[[5,6.5]]"]
    service = Widths()
    async with serving(service) as client:
        answers = await asyncio.gather(
            *(client.post("/total", content=body, headers={"content-type": "application/json"}) for body in bodies)
        )
    assert [answer.status_code for answer in answers] == [200, 400, 200, 400, 200]
    assert [answer.json() for answer in answers[::2]] == [[3.0], [7.0], [11.5]]


async def test_an_adapter_that_fails_for_one_request_of_many_fails_only_that_request(serving):
    class Superstitious(ArrayAdapter):
        def rows(self, item):
            assert 13 not in item
            return super().rows(item)

    class Sums(bento.Service):
        @bento.api(input=Superstitious(shape=(None, 2), dtype="float64"), batch=True)
        def total(self, rows):
            return rows.sum(axis=1)

    async with serving(Sums()) as client:
        answers = await asyncio.gather(*(client.post("/total", json=[[number, 0]]) for number in (1, 13, 2)))
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    assert [answer.json() for answer in answers[::2]] == [[1.0], [2.0]]


class Odd(JsonAdapter):
    """Gives an item the number of rows, or the group, that the item itself names."""

    def rows(self, item):
        return item.get("rows", 1)

    def group(self, item):
        return item.get("group")


class Oddities(bento.Service):
    """Gives back what it gets."""

    @bento.api(input=Odd(), output=JsonAdapter(), batch=True)
    def same(self, values):
        return values


@pytest.mark.parametrize("odd", [{"rows": "two"}, {"rows": 1.0}, {"rows": 10**19}, {"group": [1]}])
async def test_a_request_whose_rows_or_group_are_invalid_fails_alone_and_holds_up_no_other(serving, odd):
    async with serving(Oddities()) as client:
        answers = await asyncio.gather(*(client.post("/same", json=value) for value in ({}, odd, {})))
        assert (await client.post("/same", json={})).status_code == 200
    assert [answer.status_code for answer in answers] == [200, 500, 200]


async def test_requests_that_come_together_are_in_one_call(serving):
    service = Widths()
    async with serving(service) as client:
        await client.post("/total", json=[[1.0]])
        answers = await asyncio.gather(*(client.post("/total", json=[[number, 0.5]] * rows) for number, rows in enumerate((1, 3, 2))))
    assert [answer.json() for answer in answers] == [[0.5], [1.5] * 3, [2.5] * 2]
    assert service.shapes == [(1, 1), (6, 2)]


async def test_the_first_call_has_a_single_request_and_the_next_ones_are_batches(serving):
    service = Widths()
    async with serving(service) as client:
        await asyncio.gather(*(client.post("/total", json=[[number]]) for number in range(5)))
        await asyncio.gather(*(client.post("/total", json=[[number]]) for number in range(5)))
    assert service.shapes == [(1, 1), (4, 1), (5, 1)]


def columns(values):
    return [[float(value) for value in values], [float(-value) for value in values]]


class Columns(bento.Service):
    """Gives results of the same length for batches of any size."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=bento.Batch(wait=0.05))
    def lists(self, values):
        return columns(values)

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=bento.Batch(wait=0.05))
    def arrays(self, values):
        return [np.array(values), np.array(values) > 1]

    @bento.api(input=JsonAdapter(), output=ArrayAdapter(dtype="float64"), batch=bento.Batch(wait=0.05))
    def array(self, values):
        return np.array(columns(values))

    @bento.api(input=JsonAdapter(), batch=bento.Batch(wait=0.05))
    def documents(self, values):
        return [{"labels": values}, {"chances": values}]

    @bento.api(input=JsonAdapter(), batch=bento.Batch(wait=0.05))
    def first(self, values):
        return np.array(columns(values)).T[0]

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=bento.Batch(wait=0.05))
    async def later(self, values):
        return columns(values)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("api", Columns.apis)
async def test_a_result_by_columns_is_nobodys_answer_even_if_there_are_as_many_columns_as_rows(serving, caplog, api, count):
    async with serving(Columns()) as client:
        answers = await asyncio.gather(*(client.post(f"/{api}", json=value) for value in range(count)))
    assert {answer.status_code for answer in answers} == {500}
    assert f"{api}: expected a result of 1 rows, one for each row of the batch, got 2" in caplog.text


async def test_columns_that_answer_one_request_of_two_rows_do_not_answer_two_requests(serving):
    class Pairs(bento.Service):
        @bento.api(input=ArrayAdapter(shape=(None,), dtype="float64"), batch=bento.Batch(wait=0.05))
        def pairs(self, values):
            return [values, -values]

    async with serving(Pairs()) as client:
        assert (await client.post("/pairs", json=[1, 2])).json() == [[1.0, 2.0], [-1.0, -2.0]]
        answers = await asyncio.gather(*(client.post("/pairs", json=[value]) for value in (1, 2)))
    assert {answer.status_code for answer in answers} == {500}


async def test_a_row_for_each_request_is_its_answer_even_if_rows_are_as_long_as_the_batch(serving):
    class Squares(bento.Service):
        @bento.api(input=JsonAdapter(), batch=bento.Batch(wait=0.05))
        def pairs(self, values):
            return [[value, -value] for value in values]

    async with serving(Squares()) as client:
        answers = [await asyncio.gather(*(client.post("/pairs", json=value) for value in (1, 2))) for _ in range(3)]
    assert [[answer.json() for answer in both] for both in answers] == [[[1, -1], [2, -2]]] * 3


async def test_a_model_that_cannot_take_an_empty_batch_is_not_blamed_for_a_request_without_rows(serving, caplog):
    class First(bento.Service):
        @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), batch=True)
        def first(self, rows):
            return [rows[0, 0]] * len(rows)

    async with serving(First()) as client:
        answer = await client.post("/first", json=[])
        assert (await client.post("/first", json=[[1.0, 2.0]])).json() == [1.0]
    assert answer.status_code == 422
    assert answer.json()["detail"] == "first has no answer to a request without rows: expected at least one"
    assert caplog.messages == []


async def test_a_waiting_batch_takes_the_requests_that_come_meanwhile(serving):
    class Patient(bento.Service):
        @bento.api(input=JsonAdapter(), batch=bento.Batch(size=3, wait=30.0))
        def size(self, values):
            return [len(values)] * len(values)

    async with serving(Patient()) as client:
        await asyncio.gather(*(client.post("/size", json=number) for number in range(3)))
        answers = await asyncio.gather(*(client.post("/size", json=number) for number in range(3)))
    assert [answer.json() for answer in answers] == [3, 3, 3]


class Rows(Gated):
    """Doubles rows in batches of four rows, which wait for longer than any test lasts; a request with a zero waits for the gate."""

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="int64"), output=JsonAdapter(), batch=bento.Batch(size=4, wait=30.0), timeout=60)
    def double(self, rows):
        self.batches.append(rows.tolist())
        if 0 in rows:
            self.entered.set()
            assert self.gate.wait(10)
        return (2 * rows).tolist()


FULL = pytest.mark.parametrize("rows", [[4], [5], [2, 2], [1, 3], [3, 1], [1, 2, 1], [1, 1, 2], [1, 1, 1, 1]], ids=str)


def numbered(rows: list[int]) -> list[list[int]]:
    """Requests with these numbers of rows, all different."""
    return [[10 * place + row for row in range(1, count + 1)] for place, count in enumerate(rows, 1)]


async def post_known(client: httpx.AsyncClient) -> None:
    """Post full batches and a rest, after which results are known to be one for each row."""
    for count in (4, 5):
        await client.post("/double", json=[1] * count)


@FULL
async def test_a_batch_that_has_all_its_rows_does_not_wait(serving, rows):
    service, asked = Rows(), numbered(rows)
    async with serving(service) as client, asyncio.timeout(20):
        await post_known(client)
        answers = await asyncio.gather(*(client.post("/double", json=numbers) for numbers in asked))
    assert [answer.json() for answer in answers] == [[2 * number for number in numbers] for numbers in asked]


@FULL
async def test_a_batch_that_gets_all_its_rows_during_the_call_ahead_does_not_wait(serving, rows):
    service, asked = Rows(), numbered(rows)
    async with serving(service) as client, asyncio.timeout(20):
        await post_known(client)
        first = asyncio.create_task(client.post("/double", json=[0] * 4))
        await wait_for(service.entered.is_set)
        rest = [asyncio.create_task(client.post("/double", json=numbers)) for numbers in asked]
        await wait_until_in_flight(client, "double", 1 + len(rest))
        service.gate.set()
        answers = await asyncio.gather(first, *rest)
    assert [answer.json() for answer in answers[1:]] == [[2 * number for number in numbers] for numbers in asked]


async def test_a_batch_that_lacks_rows_waits_for_them(serving):
    service = Rows()
    async with serving(service) as client, asyncio.timeout(20):
        await post_known(client)
        service.batches.clear()
        early = [asyncio.create_task(client.post("/double", json=[number])) for number in (1, 2)]
        await wait_until_in_flight(client, "double", 2)
        assert service.batches == []
        await client.post("/double", json=[3, 4])
        await asyncio.gather(*early)
    assert service.batches == [[1, 2, 3, 4]]


async def test_every_request_of_a_batch_has_its_own_context_and_accept(serving):
    class Told(bento.Service):
        @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=bento.Batch(wait=0.2))
        def ids(self, values, context):
            return [each.request_id for each in context]

    async with serving(Told()) as client:
        answers = await asyncio.gather(
            client.post("/ids", json=1, headers={"x-request-id": "a"}),
            client.post("/ids", json=1, headers={"x-request-id": "b", "accept": "application/msgpack"}),
        )
    assert [answer.headers["content-type"] for answer in answers] == ["application/json", "application/msgpack"]
    assert [answer.content for answer in answers] == [b'"a"', b"\xa1b"]


async def test_async_apis_run_side_by_side(serving):
    class Meeting(bento.Service):
        def __init__(self) -> None:
            super().__init__()
            self.here = 0

        @bento.api(input=JsonAdapter())
        async def meet(self, value):
            self.here += 1
            while self.here < 3:
                await asyncio.sleep(0)
            return value

    async with serving(Meeting()) as client:
        answers = await asyncio.gather(*(client.post("/meet", json=number) for number in range(3)))
    assert [answer.json() for answer in answers] == [0, 1, 2]


async def test_a_plain_api_answers_one_request_at_a_time_unless_it_allows_more(serving):
    class Counted(bento.Service):
        def __init__(self) -> None:
            super().__init__()
            self.met = threading.Barrier(2)

        @bento.api(input=JsonAdapter())
        def alone(self, value):
            """Whether another call came within a tenth of a second."""
            try:
                self.met.wait(0.1)
            except threading.BrokenBarrierError:
                self.met.reset()
                return False
            return True

        @bento.api(input=JsonAdapter(), concurrency=2)
        def together(self, value):
            self.met.wait(10)
            return value

    async with serving(Counted()) as client:
        alone = await asyncio.gather(*(client.post("/alone", json=number) for number in range(3)))
        together = await asyncio.gather(*(client.post("/together", json=number) for number in range(2)))
    assert [answer.json() for answer in alone] == [False, False, False]
    assert [answer.json() for answer in together] == [0, 1]


async def test_a_full_queue_refuses_requests_and_says_when_to_come_back(serving):
    service = Gated()
    async with serving(service, limits=bento.serving.Limits(queue=2)) as client:
        tasks = [asyncio.create_task(client.post("/double", json=0))]
        await wait_for(service.entered.is_set)
        tasks += [asyncio.create_task(client.post("/double", json=value)) for value in (1, 2, 3)]
        await wait_for(lambda: any(task.done() for task in tasks))
        service.gate.set()
        responses = await asyncio.gather(*tasks)
    assert sorted(response.status_code for response in responses) == [200, 200, 200, 503]
    refused = next(response for response in responses if response.status_code == 503)
    assert refused.json()["detail"] == "double has 2 requests waiting, its limit"
    assert int(refused.headers["retry-after"]) >= 1


async def test_every_request_of_a_first_burst_is_answered(serving):
    service = Gated()
    service.gate.set()
    async with serving(service) as client:
        answers = await asyncio.gather(*(client.post("/double", json=number) for number in range(200)))
    assert [answer.json() for answer in answers] == [2 * number for number in range(200)]


async def test_a_hanging_model_does_not_stop_other_apis_or_health_checks(serving):
    class Hung(Gated):
        @bento.api(input=JsonAdapter())
        def other(self, value):
            return value

    service = Hung()
    async with serving(service) as client:
        hanging = asyncio.create_task(client.post("/double", json=1))
        await wait_for(service.entered.is_set)
        assert (await client.get("/livez")).status_code == 200
        assert (await client.post("/other", json=5)).json() == 5
        service.gate.set()
        await hanging


class Panic(BaseException):
    """What some native libraries raise."""


class Unlucky(bento.errors.BentoError):
    """Has a status that HTTP has no phrase for."""

    status = 529


class Failing(bento.Service):
    """Fails in ways that no service should."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def answer(self, values):
        if "panic" in values:
            raise Panic("out of native code")
        if "status" in values:
            raise Unlucky("too much")
        if "surrogate" in values:
            raise bento.InvalidInput("no such word: \ud800")
        return values


@pytest.mark.parametrize(("word", "status"), [("panic", 500), ("status", 500), ("surrogate", 422)])
async def test_an_api_that_fails_oddly_is_called_again_and_harms_no_other_request(serving, word, status):
    async with serving(Failing()) as client:
        for _ in range(20):  # so often that it runs on the event loop
            assert (await client.post("/answer", json=1)).json() == 1
        answers = await asyncio.gather(*(client.post("/answer", json=value) for value in (word, 2, 3)))
        assert (await client.post("/answer", json=4)).json() == 4
    assert [answer.status_code for answer in answers] == [status, 200, 200]
