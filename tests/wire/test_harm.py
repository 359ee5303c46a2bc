"""Where BentoML 0.13 does harm, and what bento does instead. One test for each row."""

from __future__ import annotations

import asyncio
import pickle

import httpx
import pytest

from transports import Sent

JSON = "application/json"


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def at_once(http, *sent: Sent) -> list[httpx.Response]:
    """The answers to requests that are under way together, each on a connection of its own."""

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=http.client.base_url, timeout=60, limits=limits) as client:
            return await asyncio.gather(
                *(client.post(f"/{each.api}", content=each.body, headers={"content-type": each.content_type}) for each in sent)
            )

    return asyncio.run(ask())


HEADERS = [
    {"content-type": "application/vnd.bentoml+pickle"},
    {"content-type": "application/pickle"},
    {"content-type": "application/octet-stream"},
    {"content-type": "application/json", "args-type": "pickle"},
    {"content-type": "application/json", "bento-serialization": "pickle"},
    {"content-type": "application/vnd.bentoml.pickled", "payload-container": "PandasDataFrameContainer"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=str)
@pytest.mark.parametrize("api", ["json", "text", "file", "files", "array"])
def test_no_body_is_unpickled_whatever_a_header_asks(http, tmp_path, api, headers):
    http.client.post(f"/{api}", content=pickle.dumps(Canary(tmp_path / "canary")), headers=headers)
    assert not (tmp_path / "canary").exists()


def test_one_bad_request_fails_alone(http):
    answers = at_once(http, *(Sent("json", body, JSON) for body in (b"1", b'"poison"', b"oops", b"2") * 8))
    assert [answer.status_code for answer in answers] == [200, 500, 400, 200] * 8
    assert [answer.json()["value"] for answer in answers if answer.status_code == 200] == [1, 2] * 8
    assert "the inside" not in answers[1].text


def test_a_request_is_decoded_alone_whatever_types_other_requests_have(http):
    answers = at_once(http, *(Sent("array", body, JSON) for body in (b"[1]", b"[1.5]", b"[true]", b"[[1, 2]]") * 5))
    assert [answer.json()["dtype"] for answer in answers] == ["int64", "float64", "bool", "int64"] * 5


@pytest.mark.parametrize("size", [100_001, 10_000_000])
def test_a_body_over_the_limit_is_413(http, size):
    response = http.post(Sent("json", b" " * size, JSON))
    assert (response.status_code, response.json()["detail"]) == (413, "the body is larger than the limit of 100000 bytes")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_405_and_says_which_one_is_allowed(http, method):
    response = http.client.request(method, "/json")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_a_first_burst_is_served(http):
    answers = at_once(http, *(Sent("json", str(number).encode(), JSON) for number in range(200)))
    assert [answer.json() for answer in answers] == [{"value": number} for number in range(200)]


def test_the_oldest_request_is_answered_first(http):
    """While the first request runs, the others come one after the other."""

    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=http.client.base_url, timeout=60) as client:
            calls = []
            for number in range(8):
                calls.append(asyncio.create_task(client.post("/order", json=number)))
                await _in_flight(client, number + 1)
            assert (await client.post("/open_gate", json=True)).status_code == 200
            answers = [(await call).json() for call in calls]
        return max(answers, key=len)

    assert asyncio.run(ask()) == list(range(8))


async def _in_flight(client: httpx.AsyncClient, count: int) -> None:
    """Wait until the server has this many requests of the api."""
    while True:
        page = (await client.get("/metrics")).text
        if f'bento_requests_in_flight{{api="order"}} {float(count)}' in page or f'bento_requests_in_flight{{api="order"}} {count}' in page:
            return
