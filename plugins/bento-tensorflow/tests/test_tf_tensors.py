"""Tensors as inputs and answers, in every form of a request."""

import asyncio
import base64
import json
import re

import httpx
import numpy as np
import pytest
import tensorflow as tf

import bento
from bento import BadInput, DefinitionError, InvalidInput, Payload
from bento_tensorflow import TfTensorAdapter
from bento_tensorflow.checks import TensorTests, TestTexts, TestTfTensorAdapter

__all__ = ["TestTexts", "TestTfTensorAdapter"]

ALONE = {"Bentoml-Is-Batch-Request": "false"}


class TestAnyTensor(TensorTests):
    adapter = TfTensorAdapter()

    def values(self):
        return [tf.constant([[1.5, 2.0]]), tf.constant([3, 4], tf.int64), tf.constant([True]), tf.constant(2.5)]


def payload(value, **headers):
    return Payload(json.dumps(value).encode(), "application/json", headers={name.lower(): text for name, text in headers.items()})


def decoded(adapter, value, **headers):
    return adapter.decode(payload(value, **headers)).numpy().tolist()


ROWS = TfTensorAdapter(shape=(None, 2), dtype="float32")


@pytest.mark.parametrize("value", [[[1, 2]], {"instances": [[1, 2]]}, {"signature_name": "serving_default", "instances": [[1, 2]]}])
def test_instances_are_a_list_of_items(value):
    assert decoded(ROWS, value) == [[1.0, 2.0]]
    assert decoded(ROWS, value, **{"Bentoml-Is-Batch-Request": "true"}) == [[1.0, 2.0]]


def test_a_header_makes_the_whole_value_of_a_request_one_item():
    assert decoded(ROWS, {"instances": [1, 2]}, **ALONE) == [1.0, 2.0]
    one, several = ROWS.decode(payload({"instances": [1, 2]}, **ALONE)), ROWS.decode(payload([[3, 4], [5, 6]]))
    assert [ROWS.rows(one), ROWS.rows(several)] == [None, 2]
    assert ROWS.group(one) == ROWS.group(several)
    assert ROWS.stack([one, several]).numpy().tolist() == [[1, 2], [3, 4], [5, 6]]


def test_an_item_alone_has_the_shape_of_one():
    with pytest.raises(InvalidInput, match=re.escape("expected an array of shape (2,), got (1, 2)")):
        ROWS.decode(payload([[1, 2]], **ALONE))


def test_another_charset_is_honoured():
    body = json.dumps({"instances": [[1, 2]]}).encode("utf-16")
    assert ROWS.decode(Payload(body, "application/json", {"charset": "utf-16"})).numpy().tolist() == [[1.0, 2.0]]


def test_base64_in_a_request_is_read_as_bytes():
    texts = TfTensorAdapter(shape=(None,), dtype=tf.string)
    value = {"instances": [{"b64": base64.b64encode(b"\xff\xd8").decode()}, "text"]}
    tensor = texts.decode(payload(value))
    assert tensor.numpy().tolist() == [b"\xff\xd8", b"text"]
    assert json.loads(texts.encode(tensor, "application/json")) == value["instances"]
    assert TfTensorAdapter(dtype="string").decode(payload({"b64": "/9g="})).numpy() == b"\xff\xd8"


@pytest.mark.parametrize(
    ("adapter", "value", "kind", "message"),
    [
        (ROWS, {"inputs": [[1, 2]]}, InvalidInput, "expected an array, or an object with 'instances', got one with 'inputs'"),
        (TfTensorAdapter(dtype="string"), {}, InvalidInput, "expected an array, or an object with 'instances', got one with nothing"),
        (ROWS, {"instances": [[1, 2, 3]]}, InvalidInput, "expected an array of shape (n, 2), got (1, 3)"),
        (TfTensorAdapter(dtype="string"), ["a", ["b"]], InvalidInput, "expected lists of equal lengths, with texts at equal depths"),
        (TfTensorAdapter(dtype="string"), [1], InvalidInput, 'expected texts, or bytes as {"b64": "..."}, got \'1\''),
        (TfTensorAdapter((None, 2), "string"), ["a"], InvalidInput, "expected an array of shape (n, 2), got (1,)"),
        (TfTensorAdapter(), [1e300], InvalidInput, "expected numbers in the range of float32: dtype='float64' reads larger ones"),
        (TfTensorAdapter(), [2**63], InvalidInput, "expected numbers in the range of int64: dtype='uint64' reads larger ones"),
    ],
)
def test_a_value_that_does_not_fit_the_tensor_is_refused(adapter, value, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        adapter.decode(payload(value))


def test_a_text_that_is_not_base64_is_refused():
    with pytest.raises(BadInput, match=r"^the text under 'b64' is not base64: "):
        TfTensorAdapter(dtype="string").decode(payload([{"b64": "?"}]))


def test_a_dtype_that_no_request_can_bring_is_refused():
    message = "'complex64' cannot be read from a request: expected a dtype of numbers or booleans, such as 'float32'"
    with pytest.raises(DefinitionError, match=f"^{message}$"):
        TfTensorAdapter(dtype=tf.complex64)
    with pytest.raises(DefinitionError, match=r"^expected TfTensorAdapter\(shape=\(None, 4\)\) with a size or None for each axis"):
        TfTensorAdapter(shape=("n",), dtype="string")


def test_bfloat16_and_nan_are_written_as_numbers_and_null():
    assert TfTensorAdapter().encode(tf.constant([0.5], tf.bfloat16), "application/json") == b"[0.5]"
    assert TfTensorAdapter().encode(tf.constant([float("nan"), 1.0]), "application/json") == b"[null,1.0]"


@pytest.mark.parametrize("media_type", ["application/json", "application/msgpack"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("rows", [[1, 2], [None] * 3, [1, None, 1]])
@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 1, 2)])
def test_answers_written_together_are_the_same_as_written_alone(shape, rows, dtype, media_type):
    result = tf.cast(tf.reshape(tf.range(float(np.prod(shape))), shape) / 3, dtype)
    alone = [TfTensorAdapter().encode(value, media_type) for value in TfTensorAdapter().unstack(result, rows)]
    assert TfTensorAdapter().encode_all(result, rows, media_type) == alone


def test_answers_of_texts_are_not_written_together():
    assert TfTensorAdapter(dtype="string").encode_all(tf.constant(["tea", "cup"]), [None, None], "application/json") is None


def test_type_hints_and_answers_of_tensors_find_the_adapter():
    assert type(TfTensorAdapter.for_annotation(tf.Tensor)) is TfTensorAdapter
    assert TfTensorAdapter.for_value(tf.constant(["a"])).options() == {"dtype": "string"}
    assert type(TfTensorAdapter.for_value(tf.constant(1))) is TfTensorAdapter
    for other in (np.ndarray, "tf.Tensor", None):
        assert TfTensorAdapter.for_annotation(other) is None
    assert TfTensorAdapter.for_value(np.ones(1)) is None


class Double(bento.Service):
    @bento.api(input=ROWS, batch=True)
    def double(self, rows):
        return rows * 2


def test_a_server_answers_each_caller_in_the_form_of_its_request():
    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(bento.app(Double())), base_url="http://testserver") as client:
            asked = [
                client.post("/double", json={"instances": [[1, 2], [3, 4]]}),
                client.post("/double", json={"instances": [5, 6]}, headers=ALONE),
                client.post("/double", json=[[7, 8]]),
            ]
            answers = [answer.json() for answer in await asyncio.gather(*asked)]
            described = (await client.get("/openapi.json")).json()
        return answers, [each["name"] for each in described["paths"]["/double"]["post"]["parameters"]]

    answers, parameters = asyncio.run(ask())
    assert answers == [[[2, 4], [6, 8]], [10, 12], [[14, 16]]]
    assert "Bentoml-Is-Batch-Request" in parameters
