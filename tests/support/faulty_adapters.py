"""Adapters with one fault each, for the table in tests/testing/test_faults.py."""

from __future__ import annotations

import itertools
import json
import threading
import time
from pathlib import Path

import numpy as np

from bento import Adapter, BadInput, InvalidInput, Payload
from bento.adapters import ArrayAdapter, JsonAdapter, TextAdapter

ROWS = [np.array([[1, 2], [3, 4]], "float32"), np.array([[5, 6]], "float32"), np.array([[7, 8], [9, 10]], "float32")]
TEXTS = ["tea", "größer", "弁当"]
DOCUMENTS = [{"a": 1}, [1, 2, 3]]


class Rows(ArrayAdapter):
    def __init__(self):
        super().__init__((None, 2), "float32")


class DtypeLosingAdapter(Rows):
    def decode(self, payload):
        return super().decode(payload).astype("float64")


class SwappingAdapter(Rows):
    def unstack(self, result, rows):
        return super().unstack(result, rows)[::-1]


class SortingAdapter(Rows):
    """Sorts the server's own list, whose order says which item belongs to which request."""

    def stack(self, items):
        items.sort(key=len)
        return super().stack(items)


class ScalingAdapter(Rows):
    def stack(self, items):
        for item in items:
            np.divide(item, 2, out=item)
        return super().stack(items)


class UngroupedAdapter(ArrayAdapter):
    def group(self, item):
        return item.dtype


class ShiftingAdapter(Rows):
    def unstack(self, result, rows):
        ends = itertools.accumulate(rows)
        return [result[end - count : end] for end, count in zip(ends, rows, strict=True)]


class HastyAdapter(Rows):
    """Mixes up the senders of requests that come together."""

    def decode_all(self, bodies, media_type):
        return [self.decode(Payload(body, media_type)) for body in reversed(bodies)]


class MinglingAdapter(Rows):
    """Reads together requests that must not be in one batch."""

    def group(self, item):
        return super().group(item), len(item)

    def decode_all(self, bodies, media_type):
        return super().decode_all(bodies, media_type)


class DeafAdapter(TextAdapter):
    """Reads requests together although their charsets differ."""

    def ignores(self, media_type, parameters):
        return parameters.keys() == {"charset"}


class RoundingAdapter(Rows):
    """Writes whole numbers when answers go together."""

    def encode_all(self, result, rows, media_type):
        return [self.encode(value.round() + 1, media_type) for value in self.unstack(result, rows)]


class RememberingAdapter(Rows):
    """Takes the number of rows from the first request."""

    def decode(self, payload):
        rows = super().decode(payload)
        self.most = getattr(self, "most", len(rows))
        return rows[: self.most]


class SulkingAdapter(Rows):
    """Reads only zeros once a request was refused."""

    def decode(self, payload):
        try:
            rows = super().decode(payload)
        except BadInput:
            self.sulks = True
            raise
        return np.zeros_like(rows) if hasattr(self, "sulks") else rows


class SharingAdapter(Rows):
    """Keeps the request in an attribute while it reads."""

    def decode(self, payload):
        self.payload = payload
        time.sleep(0.003)
        return super().decode(self.payload)


class Utf8Adapter(TextAdapter):
    def decode(self, payload):
        return super().decode(payload._replace(parameters={}))


class AnyCharsetAdapter(TextAdapter):
    def decode(self, payload):
        try:
            return bytes(payload.data).decode(payload.parameters.get("charset", "utf-8"))
        except UnicodeError as error:
            raise BadInput(str(error)) from error


class RaisingAdapter(JsonAdapter):
    def decode(self, payload):
        return json.loads(payload.text())


class TrustingAdapter(Adapter[bytes]):
    """Believes the length that a body begins with."""

    name = "trusting"
    media_types = ("application/x-trusting",)

    def decode(self, payload):
        body = bytes(payload.data)
        return bytes(body[1 + place] for place in range(body[0])) if body else b""

    def encode(self, value, media_type):
        return bytes([len(value)]) + value


class DeepAdapter(JsonAdapter):
    def decode(self, payload):
        try:
            return json.loads(payload.text())
        except ValueError as error:
            raise InvalidInput(str(error)) from error


class OwnTypesOnlyAdapter(JsonAdapter):
    def decode(self, payload):
        return {"application/json": super().decode, "application/msgpack": super().decode}[payload.media_type](payload)


class GreedyAdapter(TextAdapter):
    @classmethod
    def for_value(cls, value):
        return cls()


class ReprAdapter(TextAdapter):
    def encode(self, value, media_type):
        return value.encode() if isinstance(value, str) else repr(value).encode()


class TimedAdapter(JsonAdapter):
    def encode(self, value, media_type):
        return super().encode(value, media_type) + b" " * (time.perf_counter_ns() % 97)


class ConsumingAdapter(TextAdapter):
    def decode(self, payload):
        text = super().decode(payload)
        if isinstance(payload.data, bytearray):
            payload.data.clear()
        return text


class ExamplelessAdapter(TextAdapter):
    def schema(self):
        return {"type": "string"}


class UnsendableAdapter(Rows):
    def schema(self):
        return {"type": "array", "examples": [[["one", "two"]]]}


class DtypeOptionAdapter(Rows):
    def options(self):
        return {"dtype": np.dtype("float32")}


class CapitalAdapter(TextAdapter):
    name = "My Text"


class ThreadLeavingAdapter(TextAdapter):
    """Starts a thread that never ends, as a watcher of files does."""

    ended = threading.Event()

    def decode(self, payload):
        threading.Thread(target=self.ended.wait, daemon=True, name="watcher").start()
        return super().decode(payload)


class FileLeavingAdapter(TextAdapter):
    """Opens a file for each request and keeps it."""

    kept = []  # noqa: RUF012 - the fault

    def decode(self, payload):
        self.kept.append(Path(__file__).open())  # noqa: SIM115 - the fault
        return super().decode(payload)
