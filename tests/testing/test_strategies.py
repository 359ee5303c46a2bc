"""The public strategies draw what they promise, unusual cases included."""

from __future__ import annotations

import json

import msgpack
import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from bento import Payload, Tag
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.payload import parse_content_type
from bento.testing import strategies


@given(strategies.documents())
def test_a_document_is_kept_by_json_and_by_msgpack(document):
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert msgpack.unpackb(msgpack.packb(document)) == document


@given(strategies.documents())
def test_a_document_is_a_value_of_the_json_adapter(document):
    body = JsonAdapter().encode(document, "application/json")
    assert JsonAdapter().decode(Payload(body, "application/json")) == document


@given(st.data(), strategies.dtypes())
def test_an_array_has_the_shape_and_dtype_that_were_asked_for(data, dtype):
    array = data.draw(strategies.arrays((None, 3, None), dtype))
    assert array.dtype == dtype
    assert array.shape[1] == 3
    assert 0 <= array.shape[0] <= 4
    assert 1 <= array.shape[2] <= 4
    assert np.isfinite(array).all()


@given(strategies.arrays((None, 2), "float32"))
def test_an_array_is_a_value_of_the_adapter_that_is_declared_alike(array):
    adapter = ArrayAdapter((None, 2), "float32")
    np.testing.assert_array_equal(adapter.decode(Payload(adapter.encode(array, "application/x-npy"), "application/x-npy")), array)


@pytest.mark.parametrize(
    ("strategy", "condition"),
    [
        (strategies.arrays((None, 2), "float64"), lambda array: len(array) == 0),
        (strategies.arrays(finite=False), lambda array: array.dtype.kind == "f" and np.isnan(array).any()),
        (strategies.arrays(), lambda array: array.dtype == bool),
        (strategies.documents(), lambda value: isinstance(value, dict) and isinstance(value.get(""), list)),
        (strategies.texts(), lambda text: text == ""),
        (strategies.content_types(), lambda header: "charset=utf-16" in header),
        (strategies.content_types(), lambda header: '="' in header),
        (strategies.content_types(), lambda header: header.startswith("APPLICATION/")),
        (strategies.payloads(), lambda payload: payload.parameters == {"charset": "utf-16"} and payload.filename is None),
    ],
)
def test_unusual_cases_are_drawn_too(strategy, condition):
    # The rarest case is one in some hundreds; many examples are allowed, because the search ends at the first hit.
    find(strategy, condition, settings=settings(max_examples=20_000, phases=[Phase.generate]))


@given(strategies.content_types())
def test_a_drawn_content_type_is_one_that_bento_reads(header):
    media_type, parameters = parse_content_type(header)
    assert header.lower().startswith(media_type)
    assert bool(parameters) == (";" in header)


@given(strategies.payloads(st.just(b"x"), "text/plain"))
def test_a_payload_has_the_arguments_of_its_strategy(payload):
    assert (payload.data, payload.media_type) == (b"x", "text/plain")


@given(strategies.media_types())
def test_a_drawn_media_type_is_written_as_payloads_have_it(media_type):
    assert parse_content_type(media_type) == (media_type, {})


@given(strategies.tags())
def test_a_drawn_tag_can_be_parsed(tag):
    assert Tag.parse(str(tag)) == tag


@given(st.binary(min_size=1), st.data())
def test_a_body_is_damaged_in_one_place(body, data):
    damaged = data.draw(strategies.damaged(body))
    assert isinstance(damaged, bytes)
    assert len(damaged) <= 2 * len(body) + 8
