"""Golden examples: kept when a service is saved, asked before a server is ready."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys

import httpx
import numpy as np
import pytest

import bento
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter
from bento.bundle import Body, read_examples
from bento.errors import DefinitionError, ExampleError
from bento.serving import answer
from bento.serving.compare import difference
from bento.serving.examples import keep
from running import started

PREDICT = "application/json"


class Everything(bento.Service):
    """An api for each adapter of the core."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def setup(self):
        self.calls.append("setup")

    def close(self):
        self.calls.append("close")

    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=True)
    def double(self, rows):
        return rows * 2

    @bento.api(input=TextAdapter(), output=TextAdapter())
    def shout(self, text):
        if not text:
            raise bento.InvalidInput("expected a text, got none")
        return text.upper()

    @bento.api(input=BytesAdapter(), output=BytesAdapter())
    def flip(self, data):
        return data[::-1]

    @bento.api(input=MultipartAdapter(image=BytesAdapter(), notes=JsonAdapter(), optional=["notes"]))
    def caption(self, form):
        return {"size": len(form["image"]), "notes": form["notes"]}

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def later(self, value):
        return {"value": value}

    @bento.api(input=JsonAdapter())
    def count(self, end):
        yield from range(end)

    @bento.api(input=JsonAdapter())
    async def drip(self, end):
        for number in range(end):
            yield number

    _ticks = itertools.count()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def tick(self, value):
        return next(self._ticks)


class Single(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def total(self, numbers):
        return sum(numbers)


def kept(*examples):
    return keep(Everything(), examples)


def refused(*examples):
    with pytest.raises(ExampleError) as caught:
        kept(*examples)
    return str(caught.value)


@pytest.mark.parametrize(
    ("api", "value", "request_body", "answer_body"),
    [
        ("double", np.array([[1.0, 2.5]]), Body(b"[[1.0,2.5]]", PREDICT), Body(b"[[2.0,5.0]]", PREDICT)),
        ("double", [[1, 2]], Body(b"[[1.0,2.0]]", PREDICT), Body(b"[[2.0,4.0]]", PREDICT)),
        ("shout", "tea", Body(b"tea", "text/plain; charset=utf-8"), Body(b"TEA", "text/plain; charset=utf-8")),
        ("flip", b"\x00\xff", Body(b"\x00\xff", "application/octet-stream"), Body(b"\xff\x00", "application/octet-stream")),
        ("later", [1], Body(b"[1]", PREDICT), Body(b'{"value":[1]}', PREDICT)),
        ("count", 2, Body(b"2", PREDICT), Body(b"0\n1\n", "application/jsonl")),
        ("drip", 2, Body(b"2", PREDICT), Body(b"0\n1\n", "application/jsonl")),
    ],
)
def test_an_example_of_any_adapter_is_kept_with_the_services_own_answer(api, value, request_body, answer_body):
    (golden,) = kept(bento.Example(api, value))
    assert (golden.name, golden.request, golden.answer, golden.tolerance) == (f"{api}-1", request_body, answer_body, 1e-4)


def test_a_form_is_kept_with_its_boundary():
    (golden,) = kept(bento.Example("caption", {"image": b"123", "notes": None}))
    assert golden.request.content_type.startswith("multipart/form-data; boundary=")
    assert json.loads(golden.answer.data) == {"size": 3, "notes": None}


def test_a_payload_is_kept_as_it_is():
    payload = bento.Payload.of("tee für zwei".encode("latin-1"), 'text/plain; charset="latin-1"')
    (golden,) = kept(bento.Example("shout", payload))
    assert golden.request == Body(payload.data, "text/plain; charset=latin-1")
    assert golden.answer.data.decode() == "TEE FÜR ZWEI"


def test_an_answer_that_an_example_states_is_kept_in_its_own_media_type():
    answer = bento.Payload(ArrayAdapter().encode(np.array([[2.0, 4.0]]), "application/x-npy"), "application/x-npy")
    (golden,) = kept(bento.Example("double", [[1, 2]], answer))
    assert golden.answer.content_type == "application/x-npy"


@pytest.mark.parametrize(("api", "value", "answer"), [("double", [[1, 2]], [[2, 4]]), ("count", 2, [0, 1]), ("shout", "a", "A")])
def test_an_answer_that_an_example_states_has_to_be_the_one_that_the_service_gives(api, value, answer):
    assert kept(bento.Example(api, value, answer))[0].answer.data
    with pytest.raises(ExampleError, match=f"^example '{api}-1' does not hold: expected "):
        kept(bento.Example(api, value, "?" if api == "shout" else [[7, 7]]))


def test_setup_comes_before_the_examples_and_close_after_them():
    service = Everything()
    keep(service, [bento.Example("shout", "tea")])
    assert service.calls == ["setup", "close"]


def test_a_service_with_one_api_takes_bare_inputs():
    assert [golden.answer.data for golden in keep(Single(), [[1, 2], [3]])] == [b"3", b"3"]


def test_a_bare_input_for_a_service_with_several_apis_is_refused():
    with pytest.raises(DefinitionError) as caught:
        kept("tea")
    assert str(caught.value) == (
        "everything has the apis double, shout, flip, caption, later, count, drip, tick: say which one an example is for, as in "
        "bento.Example('API', input)"
    )


def test_an_unknown_api_is_named():
    with pytest.raises(DefinitionError, match=r"^example 'sing-1' is for 'sing': the apis of everything are double, shout, "):
        kept(bento.Example("sing", "tea"))


def test_two_examples_of_one_name_are_refused():
    with pytest.raises(DefinitionError, match=r"^two examples are named 'Tea': give each a name of its own$"):
        kept(bento.Example("shout", "a", name="tea"), bento.Example("shout", "b", name="Tea"))


def test_a_wrong_example_is_refused_when_it_is_made():
    with pytest.raises(DefinitionError, match=r"^expected Example\('predict', input\) with the name of an api, got \[\[1\]\]$"):
        bento.Example([[1]], [[2]])
    with pytest.raises(DefinitionError, match=r"^expected a tolerance of 0 or more, got -1$"):
        bento.Example("predict", [[1]], tolerance=-1)


def test_an_input_that_the_api_refuses_cannot_be_kept():
    assert refused(bento.Example("shout", "")) == (
        "example 'shout-1' cannot be kept: shout refuses : InvalidInput: expected a text, got none"
    )


def test_an_input_that_the_adapter_cannot_write_is_refused():
    assert refused(bento.Example("double", "tea")) == (
        "the input of example 'double-1' cannot be written by ArrayAdapter(shape=[None, 2], dtype='float64'): "
        "expected a result of float64, got one of <U3: give one that the api takes, or a bento.Payload"
    )


def test_an_api_that_answers_differently_every_time_has_no_example():
    assert refused(bento.Example("tick", 1)) == "example 'tick-1' cannot be kept: tick answers it with 0, then with 1"


NAN = Body(b"[1.0, 2]", PREDICT)


@pytest.mark.parametrize(
    ("expected", "got", "found"),
    [
        (b"[1.0, 2]", b"[1.00005, 2]", ""),
        (b"[1.0, 2]", b"[1.0,3]", "expected 2, got 3 - at $[1]"),
        (b"[1.0, 2]", b"[1.1,2]", "expected 1.0 within 0.0001, got 1.1 - at $[0]"),
        (b"[1.0, 2]", b"[1.0]", "expected 2, got nothing - at $[1]"),
        (b'{"a": 1}', b'{"a":1,"b":2}', "expected {'a': 1}, got {'a': 1, 'b': 2} - at $"),
        (b'{"a": {"b": true}}', b'{"a":{"b":1.0}}', "expected True, got 1.0 - at $.a.b"),
        (b"null", b"0", "expected None, got 0 - at $"),
        (b"2", b"2.0", ""),
    ],
)
def test_json_answers_are_compared_value_by_value(expected, got, found):
    assert difference(Body(expected, PREDICT), Body(got, PREDICT), None, 1e-4) == found


def test_text_answers_are_compared_by_their_characters_whatever_the_charset():
    utf16 = Body("té".encode("utf-16"), "text/plain; charset=utf-16")
    assert difference(utf16, Body("té".encode(), "text/plain"), None, 0) == ""
    assert difference(utf16, Body(b"the", "text/plain"), None, 0) == "expected 'té', got 'the' - at $"


def test_arrays_are_compared_by_their_numbers_if_an_adapter_can_read_them():
    one, other = (
        Body(ArrayAdapter().encode(np.array([[1.0, math.nan, last]]), "application/x-npy"), "application/x-npy") for last in (2, 3)
    )
    assert difference(one, one, ArrayAdapter(), 0) == ""
    assert difference(one, other, ArrayAdapter(), 0.1) == "expected 2.0 within 0.1, got 3.0 - at $[0][2]"
    assert difference(one, Body(b"[]", PREDICT), ArrayAdapter(), 0) == "expected application/x-npy, got application/json"


def test_other_answers_are_compared_byte_by_byte():
    one, other = Body(b"\x00", "image/png"), Body(b"\x01", "image/png")
    assert difference(one, Body(b"\x00", "image/png"), None, 0) == ""
    assert difference(one, other, None, 9) == "expected b'\\x00', got b'\\x01' - at $"


SERVICE = """
import os
import bento
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.artifacts import JsonArtifact

class Scale(bento.Service):
    factor = JsonArtifact()

    def setup(self):
        self.shift = float(os.environ.get("SHIFT", "0"))

    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=True)
    def scale(self, rows):
        if self.shift > 8:
            raise RuntimeError("no scale")
        return rows * self.factor + self.shift

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def later(self, value):
        return value

if __name__ == "__main__":
    bento.save(Scale(factor=3), examples=[
        bento.Example("scale", [[1.0, 2.0]], [[3.0, 6.0]], name="one-row"), bento.Example("later", ["x"]),
    ], version="1")
"""
PROGRAM = """
import json, logging, sys
import bento
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
try:
    bento.serve("scale:1", port=0, **json.loads(sys.argv[1]))
except bento.BentoError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""
ADVICE = ": save the service again, or start it with --no-examples"
FAULT = (
    "example 'one-row' does not hold: expected 3.0 within 0.0001, got 4.0 - at $[0][0] of what scale answers to [[1.0,2.0]]: [[4.0,7.0]]"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scale")
    (folder / "asked_scale.py").write_text(SERVICE)
    subprocess.run([sys.executable, "asked_scale.py"], cwd=folder, env={**os.environ, "BENTO_HOME": str(folder / "home")}, check=True)
    return folder / "home"


@pytest.fixture
def bundle(home, monkeypatch):
    monkeypatch.setenv("BENTO_HOME", str(home))
    return bento.Store().get("scale:1")


def test_a_bundle_keeps_examples_as_files_like_any_other(bundle):
    assert (bundle.path / "examples/one-row/request").read_bytes() == b"[[1.0,2.0]]"
    assert (bundle.path / "examples/one-row/answer").read_bytes() == b"[[3.0,6.0]]"
    assert "examples/one-row/answer" in [file.path for file in bundle.manifest.files]
    assert [golden.name for golden in read_examples(bundle)] == ["one-row", "later-1"]


def test_the_service_of_a_bundle_still_gives_the_answers(bundle):
    service = bento.load(bundle)
    service.setup()
    for golden in read_examples(bundle):
        assert answer(service, golden.api, bento.Payload.of(*golden.request)).body == golden.answer.data


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_whose_examples_hold_gets_ready(bundle, tmp_path, workers):
    with started(tmp_path, PROGRAM, workers=workers) as server:
        assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200
        assert server.ask("scale", [[1, 1]]) == [[3.0, 3.0]]
        assert server.stop() == 0


def test_a_server_whose_examples_do_not_hold_ends_with_what_was_expected_and_what_came(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("SHIFT", "1")
    with started(tmp_path, PROGRAM) as server:
        assert server.wait_for("ExampleError").strip() == f"ExampleError: {FAULT}{ADVICE}"
        assert server.process.wait(60) == 1
        assert not [line for line in server.lines if "is ready" in line]


def test_an_example_that_fails_ends_a_server_too(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("SHIFT", "9")
    with started(tmp_path, PROGRAM) as server:
        assert server.wait_for("ExampleError").strip() == (
            "ExampleError: example 'one-row' does not hold: expected [[3.0,6.0]] from scale for [[1.0,2.0]], "
            f"got RuntimeError: no scale{ADVICE}"
        )


def test_examples_that_do_not_hold_end_all_workers(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("SHIFT", "1")
    with started(tmp_path, PROGRAM, workers=2) as server:
        assert server.wait_for("ServerError").strip() == f"ServerError: scale:1 cannot start: ExampleError: {FAULT}{ADVICE}"
        assert server.process.wait(60) == 1


def test_an_operator_may_start_a_server_whose_examples_do_not_hold(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("SHIFT", "1")
    with started(tmp_path, PROGRAM, examples=False) as server:
        assert server.ask("scale", [[1, 2]]) == [[4.0, 7.0]]
