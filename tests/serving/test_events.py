"""A bundle as a function of AWS Lambda, under the runtime that calls it there."""

from __future__ import annotations

import gzip
import importlib
import json
import sys

import pytest

import bento
from bento.packers import LambdaPacker
from bento.store import Store
from lambdas import EVENTS, FunctionFailed, alb, body_of, headers_of, sandbox, v1, v2

JSON = {"content-type": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
SOURCE = '''
import time

import bento
from bento.adapters import BytesAdapter, JsonAdapter, TextAdapter


class Caller(bento.Service):
    """Says what it is asked, and how it came up."""

    def setup(self):
        self.started = time.time_ns()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def predict(self, value, context):
        return {"value": value, "id": context.request_id, "left": context.remaining(), "started": self.started}

    @bento.api(input=BytesAdapter(), output=BytesAdapter())
    def mirror(self, file):
        return file

    @bento.api(input=JsonAdapter(), output=TextAdapter())
    def say(self, value):
        return value

    @bento.api(input=JsonAdapter())
    def count(self, value):
        yield from range(value)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def wait_for(self, seconds):
        import asyncio

        await asyncio.sleep(seconds)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def fail(self, value):
        raise RuntimeError("the inside")
'''


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    project = tmp_path_factory.mktemp("project")
    (project / "caller_of_events.py").write_text(SOURCE)
    sys.path.insert(0, str(project))
    try:
        service = importlib.import_module("caller_of_events").Caller()
        store = Store(tmp_path_factory.mktemp("store"))
        return bento.save(service, version="1", store=store, examples=[bento.Example("say", "tea", "tea")])
    finally:
        sys.path.remove(str(project))


@pytest.fixture(scope="module")
def function(bundle, tmp_path_factory):
    with sandbox(LambdaPacker(base_path="/v1").pack(bundle, tmp_path_factory.mktemp("packed") / "function")) as function:
        yield function


@pytest.fixture(params=EVENTS.values(), ids=EVENTS)
def event(request):
    return request.param


def test_a_request_is_answered(function, event):
    answer = function.invoke(event("/predict", '"弁当"'.encode(), JSON))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert json.loads(answer["body"])["value"] == "弁当"
    assert headers_of(answer)["content-type"] == "application/json"


def test_the_service_is_set_up_once(function, event):
    started = {json.loads(function.invoke(event("/predict", b"1", JSON))["body"])["started"] for _ in range(3)}
    assert len(started) == 1


def test_bytes_go_in_and_out_as_they_are(function, event):
    answer = function.invoke(event("/mirror", PNG, {"content-type": "image/png"}))
    assert (answer["statusCode"], answer["isBase64Encoded"], body_of(answer)) == (200, True, PNG)


def test_a_compressed_body_is_read_as_if_it_were_plain(function, event):
    answer = function.invoke(event("/say", gzip.compress(b'"tea"'), {**JSON, "content-encoding": "gzip"}))
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (200, "tea", False)


def test_a_stream_is_answered_as_a_whole(function, event):
    answer = function.invoke(event("/count", b"3", JSON))
    assert (answer["statusCode"], answer["body"].splitlines(), answer["isBase64Encoded"]) == (200, ["0", "1", "2"], False)


REFUSED = {
    "malformed": (400, "/predict", b"{", JSON),
    "not there": (404, "/nowhere", b"1", JSON),
    "of another method": (405, "/predict", b"", {}),
    "of another type": (415, "/predict", b"1", {"content-type": "text/plain"}),
    "from another site": (403, "/predict", b"1", {**JSON, "origin": "https://elsewhere.example"}),
    "not answered": (500, "/fail", b"1", JSON),
}


@pytest.mark.parametrize(("status", "path", "body", "headers"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_problem_that_can_be_read(function, event, status, path, body, headers):
    answer = function.invoke(event(path, body, headers, method="POST" if body else "GET"))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False)
    assert headers_of(answer)["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["status"] == status
    assert "the inside" not in answer["body"]


def test_health_checks_and_the_openapi_document_are_answered(function, event):
    assert function.invoke(event("/readyz", b"", {}, method="GET"))["body"] == "ready\n"
    assert "/predict" in json.loads(function.invoke(event("/openapi.json", b"", {}, method="GET"))["body"])["paths"]


def test_a_request_keeps_its_id_and_otherwise_gets_that_of_its_event(function, event):
    answer = function.invoke(event("/predict", b"1", {**JSON, "x-request-id": "mine-1"}))
    assert headers_of(answer)["x-request-id"] == json.loads(answer["body"])["id"] == "mine-1"
    made = headers_of(function.invoke(event("/predict", b"1", JSON)))["x-request-id"]
    assert len(made) == len("c6af9ac6-7b61-11e6-9a41-93e8deadbeef")


def test_a_request_is_answered_before_the_time_of_the_function_is_over(function, event):
    answer = function.invoke(event("/wait_for", b"60", JSON), seconds=0.7)
    assert answer["statusCode"] == 504


@pytest.mark.parametrize(("asked", "least", "most"), [("20", 10, 20), ("500", 20, 30)])
def test_a_client_may_allow_less_time_than_the_function_has(function, event, asked, least, most):
    answer = function.invoke(event("/predict", b"1", {**JSON, "request-timeout": asked}), seconds=30)
    assert least < json.loads(answer["body"])["left"] <= most


def test_a_request_timeout_that_is_not_a_number_is_refused(function, event):
    answer = function.invoke(event("/predict", b"1", {**JSON, "request-timeout": "soon"}))
    assert json.loads(answer["body"])["detail"] == "Request-Timeout: expected a number of seconds above 0, got 'soon'"


def test_the_name_of_a_stage_is_not_part_of_the_path(function):
    assert function.invoke(v2("/say", b'"tea"', JSON, stage="prod"))["body"] == "tea"
    assert function.invoke(v2("/say", b'"tea"', JSON, stage="say"))["body"] == "tea"
    assert function.invoke(v1("/prod/say", b'"tea"', JSON))["statusCode"] == 404


def test_the_base_path_of_a_custom_domain_is_not_part_of_the_path(function, event):
    assert function.invoke(event("/v1/say", b'"tea"', JSON))["body"] == "tea"
    assert function.invoke(event("/v1say", b'"tea"', JSON))["statusCode"] == 404


def test_a_load_balancer_that_sends_headers_as_lists_gets_headers_as_lists(function):
    event = alb("/say", b'"tea"', JSON)
    event["multiValueHeaders"] = {name: [value] for name, value in event.pop("headers").items()}
    answer = function.invoke(event)
    assert answer["multiValueHeaders"]["content-type"] == ["text/plain; charset=utf-8"]
    assert "headers" not in answer


def test_a_request_with_an_invalid_host_is_refused_and_the_next_one_is_answered(function):
    event = alb("/say", b'"tea"', JSON)
    event["headers"]["host"] = "a:b:c"
    answer = function.invoke(event)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (400, "application/problem+json")
    assert json.loads(answer["body"])["detail"].startswith("the request cannot be read: ")
    assert function.invoke(alb("/say", b'"tea"', JSON))["body"] == "tea"


@pytest.mark.parametrize("event", [{"key1": "value1"}, [], {"requestContext": {"connectionId": "x"}}, {"requestContext": None}], ids=str)
def test_an_event_that_is_not_a_request_is_an_error_in_a_sentence(function, event):
    with pytest.raises(FunctionFailed) as failed:
        function.invoke(event)
    assert str(failed.value) == (
        f"expected the event of an API Gateway, a function URL or a load balancer, got {event!r}: call the function through one of them"
    )


def test_a_bundle_that_has_changed_is_not_started(bundle, tmp_path):
    folder = LambdaPacker().pack(bundle, tmp_path / "function")
    (folder / "bundle/README.md").write_text("changed")
    with sandbox(folder) as function, pytest.raises(FunctionFailed, match=r"'README\.md' has"):
        function.invoke(v2("/say", b'"tea"', JSON))
