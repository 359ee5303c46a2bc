"""Core's own adapters, through the kit that any plugin's adapters are tested with."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import strategies as st

from bento import Payload
from bento.adapters import ArrayAdapter, BytesAdapter, File, JsonAdapter, MultipartAdapter, TextAdapter
from bento.testing import AdapterTests
from bento.testing.strategies import arrays, documents, texts


class TestJsonAdapter(AdapterTests):
    adapter = JsonAdapter()

    def values(self):
        return documents()


class TestJsonAdapterThatIsDocumented(AdapterTests):
    adapter = JsonAdapter({"type": "object", "required": ["age"]}, example={"age": 3}, nan="refuse")

    def values(self):
        return documents()


class TestArrayAdapter(AdapterTests):
    adapter = ArrayAdapter()

    def values(self):
        return arrays(dtype="float64", max_side=3) | arrays(dtype="int64", max_side=3) | arrays(dtype="bool", max_side=3)


class TestArrayAdapterOfRows(AdapterTests):
    adapter = ArrayAdapter(shape=(None, 3), dtype="float32")

    def values(self):
        return arrays((None, 3), "float32")


class TestArrayAdapterOfOneRow(AdapterTests):
    adapter = ArrayAdapter(shape=(2, 2), dtype="uint8", example=[[1, 2], [3, 4]])

    def values(self):
        return arrays((2, 2), "uint8")


class TestArrayAdapterOfAnySize(AdapterTests):
    adapter = ArrayAdapter(shape=(None, None), dtype="int16")

    def values(self):
        return arrays((3, None), "int16") | arrays((None, 3), "int16", max_side=3).filter(len)


class TestArrayAdapterThatKnowsMissingValues(AdapterTests):
    adapter = ArrayAdapter(shape=(None, 3), null="nan", example=[[1.0, None, 3.0]])

    def values(self):
        return arrays((None, 3), "float64", max_side=3).map(lambda rows: np.where(rows < 0, np.nan, rows))


class TestTextAdapter(AdapterTests):
    adapter = TextAdapter()

    def values(self):
        return texts()


class TestBytesAdapter(AdapterTests):
    adapter = BytesAdapter()

    def values(self):
        return st.binary(max_size=50).map(File)


class TestMultipartAdapter(AdapterTests):
    adapter = MultipartAdapter(image=BytesAdapter(), rows=ArrayAdapter((None, 2), "float64"), notes=JsonAdapter(), optional=["notes"])

    def values(self):
        rows = arrays((None, 2), "float64").filter(len)
        return st.builds(dict, image=st.binary(max_size=50).map(File), rows=rows, notes=documents())

    def example_payload(self, example):
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value if isinstance(value, str) else json.dumps(value)}\r\n'
            for name, value in example.items()
        ]
        return Payload("".join([*parts, "--b--"]).encode(), "multipart/form-data", {"boundary": "b"})
