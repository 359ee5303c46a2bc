"""Core's own adapters, through the kit that any plugin's adapters are tested with."""

from __future__ import annotations

import json

from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bento import Payload
from bento.adapters import ArrayAdapter, BytesAdapter, File, JsonAdapter, MultipartAdapter, TextAdapter
from bento.testing import AdapterTests

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FLOATS = {"allow_nan": False, "allow_infinity": False}


class TestJsonAdapter(AdapterTests):
    adapter = JsonAdapter()

    def values(self):
        return DOCUMENTS


class TestJsonAdapterThatIsDocumented(AdapterTests):
    adapter = JsonAdapter({"type": "object", "required": ["age"]}, example={"age": 3}, nan="refuse")

    def values(self):
        return DOCUMENTS


class TestArrayAdapter(AdapterTests):
    adapter = ArrayAdapter()

    def values(self):
        shapes = hnp.array_shapes(max_dims=3, max_side=3)
        return hnp.arrays("float64", shapes, elements=FLOATS) | hnp.arrays("int64", shapes) | hnp.arrays("bool", shapes)


class TestArrayAdapterOfRows(AdapterTests):
    adapter = ArrayAdapter(shape=(None, 3), dtype="float32")

    def values(self):
        return hnp.arrays("float32", st.tuples(st.integers(0, 4), st.just(3)), elements=FLOATS)


class TestArrayAdapterOfOneRow(AdapterTests):
    adapter = ArrayAdapter(shape=(2, 2), dtype="uint8", example=[[1, 2], [3, 4]])

    def values(self):
        return hnp.arrays("uint8", (2, 2))


class TestArrayAdapterOfAnySize(AdapterTests):
    adapter = ArrayAdapter(shape=(None, None), dtype="int16")

    def values(self):
        return hnp.arrays("int16", st.tuples(st.integers(1, 3), st.integers(0, 3)))


class TestTextAdapter(AdapterTests):
    adapter = TextAdapter()

    def values(self):
        return TEXT


class TestBytesAdapter(AdapterTests):
    adapter = BytesAdapter()

    def values(self):
        return st.binary(max_size=50).map(File)


class TestMultipartAdapter(AdapterTests):
    adapter = MultipartAdapter(image=BytesAdapter(), rows=ArrayAdapter((None, 2), "float64"), notes=JsonAdapter(), optional=["notes"])

    def values(self):
        rows = hnp.arrays("float64", st.tuples(st.integers(1, 3), st.just(2)), elements=FLOATS)
        return st.builds(dict, image=st.binary(max_size=50).map(File), rows=rows, notes=DOCUMENTS)

    def example_payload(self, example):
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value if isinstance(value, str) else json.dumps(value)}\r\n'
            for name, value in example.items()
        ]
        return Payload("".join([*parts, "--b--"]).encode(), "multipart/form-data", {"boundary": "b"})
