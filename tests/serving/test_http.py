"""What a client sees: statuses, problem documents, negotiation, ids and limits."""

from __future__ import annotations

import gzip
import time
import zlib

import msgpack
import pytest

import bento
from bento.adapters import ArrayAdapter, JsonAdapter, TextAdapter
from bento.serving import Limits

pytestmark = pytest.mark.anyio


class Echo(bento.Service):
    """Answers what it is asked."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value):
        return value

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), batch=True)
    def total(self, rows):
        return rows.sum(axis=1)

    @bento.api(input=TextAdapter(), output=TextAdapter())
    def shout(self, text):
        return text.upper()

    @bento.api(input=JsonAdapter())
    def fail(self, value):
        raise RuntimeError("the secret of the inside")

    @bento.api(input=JsonAdapter())
    def refuse(self, value):
        raise bento.InvalidInput("expected a positive number, got -1 - at $.age")

    @bento.api(input=JsonAdapter(), timeout=0.3)
    async def sleep(self, value):
        import asyncio

        await asyncio.sleep(60)

    @bento.api(input=JsonAdapter())
    def whoami(self, value, context: bento.Context):
        return {"id": context.request_id, "agent": context.headers["user-agent"], "in_time": context.remaining() > 0}

    @bento.api(input=JsonAdapter())
    def unwritable(self, value):
        return object()

    @bento.api(input=JsonAdapter(), batch=True)
    def labels(self, values):
        return [f"label {value}" for value in values]


def problem_of(response):
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["type"] == "about:blank"
    assert document["status"] == response.status_code
    return document["detail"]


async def test_a_problem_has_the_same_title_under_every_version_of_python(serving):
    async with serving(Echo()) as client:
        response = await client.post("/refuse", json={})
    assert (response.status_code, response.json()["title"]) == (422, "Unprocessable Content")


async def test_an_api_answers_post_with_json(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", json={"a": [1, 2.5, None, "ü"]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"a": [1, 2.5, None, "ü"]}


async def test_the_accept_header_picks_the_media_type_of_the_answer(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", json=[1], headers={"accept": "application/msgpack;q=0.9, text/html"})
    assert response.headers["content-type"] == "application/msgpack"
    assert msgpack.unpackb(response.content) == [1]


async def test_an_accept_header_that_nothing_fits_gets_the_adapters_first_type(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", json=[1], headers={"accept": "image/png"})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "content_type", "answer"),
    [
        ("*/*", "text/plain; charset=utf-8", "label 1"),
        ("application/json, text/plain, */*", "text/plain; charset=utf-8", "label 1"),
        ("application/json", "application/json", '"label 1"'),
        ("image/png, application/*;q=0.1", "application/json", '"label 1"'),
        ("image/png", "text/plain; charset=utf-8", "label 1"),
        ("text/plain;q=0.5, application/json;q=0_9", "text/plain; charset=utf-8", "label 1"),
    ],
)
async def test_a_text_without_a_declared_adapter_is_json_if_the_client_accepts_only_json(serving, accept, content_type, answer):
    async with serving(Echo()) as client:
        response = await client.post("/labels", json=1, headers={"accept": accept})
    assert (response.headers["content-type"], response.text) == (content_type, answer)


async def test_a_text_whose_adapter_is_declared_stays_text(serving):
    async with serving(Echo()) as client:
        response = await client.post("/shout", content="a", headers={"content-type": "text/plain", "accept": "application/json"})
    assert (response.headers["content-type"], response.text) == ("text/plain; charset=utf-8", "A")


async def test_an_accept_header_that_is_far_too_long_is_not_read(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", json=[1], headers={"accept": "application/msgpack" + ", image/png" * 1000})
    assert response.headers["content-type"] == "application/json"


async def test_text_answers_name_their_charset(serving):
    async with serving(Echo()) as client:
        response = await client.post("/shout", content="grün".encode("latin-1"), headers={"content-type": "text/plain; charset=latin-1"})
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "GRÜN"


async def test_one_row_brings_one_answer_and_three_rows_bring_three(serving):
    async with serving(Echo()) as client:
        one = await client.post("/total", json=[[1, 2, 3, 4]])
        three = await client.post("/total", json=[[1, 2, 3, 4]] * 3)
    assert (one.json(), three.json()) == ([10.0], [10.0, 10.0, 10.0])


async def test_a_malformed_body_is_400_and_says_what_is_wrong(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert "JSON" in problem_of(response)


async def test_a_wrong_shape_is_422_and_says_what_was_expected(serving):
    async with serving(Echo()) as client:
        response = await client.post("/total", json=[[1, 2, 3]])
    assert response.status_code == 422
    assert problem_of(response) == "expected an array of shape (n, 4), got (1, 3)"


async def test_the_reason_that_an_api_gives_for_a_refusal_is_sent_to_the_client(serving):
    async with serving(Echo()) as client:
        response = await client.post("/refuse", json=-1)
    assert (response.status_code, problem_of(response)) == (422, "expected a positive number, got -1 - at $.age")


async def test_an_unknown_path_is_404(serving):
    async with serving(Echo()) as client:
        response = await client.post("/nowhere", json=1)
    assert (response.status_code, problem_of(response)) == (404, "there is nothing here: GET / lists the apis and how to call them")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_an_api_answers_only_post(serving, method):
    async with serving(Echo()) as client:
        response = await client.request(method, "/echo")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_content_type_that_the_adapter_does_not_read_is_415_naming_what_it_reads(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", content=b"1", headers={"content-type": "text/plain"})
    assert response.status_code == 415
    assert (
        problem_of(response)
        == "echo does not read 'text/plain': expected one of application/json, application/msgpack, application/x-msgpack"
    )


async def test_no_content_type_means_the_adapters_first(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", content=b"[1]")
    assert response.json() == [1]


async def test_a_body_over_the_limit_is_413_before_it_is_read(serving):
    async with serving(Echo(), limits=Limits(body=100)) as client:
        response = await client.post("/echo", content=b"1" * 101)
    assert (response.status_code, problem_of(response)) == (413, "the body is larger than the limit of 100 bytes")
    assert response.headers["connection"] == "close"


async def test_a_chunked_body_over_the_limit_is_413(serving):
    async def chunks():
        for _ in range(10):
            yield b"1" * 20

    async with serving(Echo(), limits=Limits(body=100)) as client:
        response = await client.post("/echo", content=chunks())
    assert response.status_code == 413


async def test_long_headers_are_431(serving):
    async with serving(Echo(), limits=Limits(headers=1000)) as client:
        response = await client.post("/echo", json=1, headers={"x-long": "a" * 1000})
    assert (response.status_code, problem_of(response)) == (431, "the headers are larger than the limit of 1000 bytes")


def deflated(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", deflated), ("identity", bytes)],
)
async def test_a_compressed_body_is_read_as_if_plain(serving, encoding, compress):
    async with serving(Echo()) as client:
        response = await client.post("/echo", content=compress(b"[1, 2]"), headers={"content-encoding": encoding})
    assert response.json() == [1, 2]


async def test_a_compressed_body_stops_at_the_limit(serving):
    async with serving(Echo(), limits=Limits(body=10_000)) as client:
        response = await client.post("/echo", content=gzip.compress(b"1" * 5_000_000), headers={"content-encoding": "gzip"})
    assert response.status_code == 413


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"[1, 2, 3]", mtime=0)[:-5]])
async def test_a_body_that_is_not_what_its_encoding_says_is_400(serving, body):
    async with serving(Echo()) as client:
        response = await client.post("/echo", content=body, headers={"content-encoding": "gzip"})
    assert response.status_code == 400


async def test_an_unknown_content_encoding_is_415(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", content=b"1", headers={"content-encoding": "zz"})
    assert problem_of(response) == "unknown Content-Encoding 'zz': expected gzip, deflate or identity"


async def test_a_failing_api_is_500_without_internal_details_and_its_traceback_is_logged(serving, caplog):
    async with serving(Echo()) as client:
        response = await client.post("/fail", json=1, headers={"x-request-id": "abc"})
    assert response.status_code == 500
    assert problem_of(response) == "the service failed to answer; its log says why, under this request's id"
    assert "secret" not in response.text
    assert caplog.messages == ["fail failed for request abc: RuntimeError: the secret of the inside"]
    assert "Traceback" in caplog.text


async def test_the_same_fault_again_is_logged_in_one_line(serving, caplog):
    async with serving(Echo()) as client:
        for _ in range(20):
            await client.post("/fail", json=1)
    assert len(caplog.messages) == 20
    assert caplog.text.count("Traceback") == 1


async def test_clients_errors_are_not_logged_as_faults(serving, caplog):
    async with serving(Echo()) as client:
        await client.post("/echo", content=b"{")
        await client.post("/refuse", json=1)
    assert caplog.messages == []


async def test_a_value_that_cannot_be_written_is_500(serving, caplog):
    async with serving(Echo()) as client:
        response = await client.post("/unwritable", json=1)
    assert response.status_code == 500
    assert "unwritable failed" in caplog.text


async def test_an_answer_that_is_late_is_504(serving):
    async with serving(Echo()) as client:
        response = await client.post("/sleep", json=1)
    assert (response.status_code, problem_of(response)) == (504, "there was no answer within 0.3 seconds")


async def test_the_client_can_tighten_the_deadline(serving):
    class Slow(bento.Service):
        @bento.api
        async def wait(self, value: dict):
            import asyncio

            await asyncio.sleep(60)

    async with serving(Slow()) as client:
        started = time.monotonic()
        response = await client.post("/wait", json={}, headers={"request-timeout": "0.05"})
    assert response.status_code == 504
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(("text", "status"), [("60", 200), ("60.", 200), ("59.5", 200), ("1e3", 200), ("1E-09", 504), (".000000001", 504)])
async def test_a_deadline_is_a_number_as_programs_write_it(serving, text, status):
    async with serving(Echo()) as client:
        assert (await client.post("/echo", json=1, headers={"request-timeout": text})).status_code == status


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan", "inf", "1_0", "1 0", "+1", "0x1", "1e-999"])
async def test_a_deadline_that_is_not_a_number_of_seconds_is_400(serving, text):
    async with serving(Echo()) as client:
        response = await client.post("/echo", json=1, headers={"request-timeout": text})
    assert problem_of(response) == f"Request-Timeout: expected a number of seconds above 0, got {text!r}"


async def test_a_request_id_is_kept(serving):
    async with serving(Echo()) as client:
        response = await client.post("/echo", json=1, headers={"x-request-id": "client-7"})
    assert response.headers["x-request-id"] == "client-7"


async def test_a_request_id_is_made_when_there_is_none_fit_to_keep(serving):
    async with serving(Echo()) as client:
        ids = [
            (await client.post("/echo", json=1, headers={"x-request-id": given})).headers["x-request-id"]
            for given in ("", "a b", "x" * 129)
        ]
    assert len(set(ids)) == 3
    assert all(len(made) == 22 for made in ids)


async def test_refusals_carry_the_request_id_too(serving):
    async with serving(Echo()) as client:
        response = await client.post("/refuse", json=1, headers={"x-request-id": "client-8"})
    assert response.json()["request_id"] == response.headers["x-request-id"] == "client-8"


async def test_server_timing_says_where_the_time_went(serving):
    async with serving(Echo()) as client:
        response = await client.post("/total", json=[[1, 2, 3, 4]] * 3)
    stages = [stage.split(";")[0] for stage in response.headers["server-timing"].split(", ")]
    assert stages == ["decode", "queue", "model", "encode", "batch"]
    assert response.headers["server-timing"].endswith('batch;desc="3"')


async def test_an_api_that_takes_the_context_gets_that_of_its_request(serving):
    async with serving(Echo()) as client:
        response = await client.post("/whoami", json=1, headers={"x-request-id": "abc", "user-agent": "test"})
    assert response.json() == {"id": "abc", "agent": "test", "in_time": True}


async def test_a_large_body_is_decoded_off_the_loop_with_the_same_answer(serving):
    value = list(range(100_000))
    async with serving(Echo()) as client:
        response = await client.post("/echo", json=value)
    assert response.json() == value
