"""JSON and msgpack documents: what is read, what is refused, and how the types of Python and numpy are written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import subprocess
import sys
import uuid
from collections import namedtuple
from typing import Any, TypedDict

import msgpack
import numpy as np
import pytest

from bento import BadInput, DefinitionError, Payload, TooLarge, UnsupportedMediaType
from bento.adapters import JsonAdapter

FROZEN = """
import gc, time
from bento import Payload
from bento.adapters import JsonAdapter

payload = Payload(b'["' + b"x" * 2_000_000 + b'", 1]', "application/json")

def seconds():
    began = time.process_time()
    JsonAdapter().decode(payload)
    return time.process_time() - began

alone = min(seconds() for _ in range(15))
loaded = [[] for _ in range(1_000_000)]
gc.freeze()
print(min(seconds() for _ in range(15)) / alone)
"""

NO_MEMORY = """
import resource
from pathlib import Path
from bento import Payload
from bento.adapters import JsonAdapter

small, large = (Payload(b"[" + b"1," * numbers + b"1]", "application/json") for numbers in (400_000, 600_000))
JsonAdapter().decode(large)
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for payload in (small, large):
    try:
        JsonAdapter().decode(payload)
    except MemoryError as error:
        print(error)
"""

JSON, MSGPACK = "application/json", "application/msgpack"
adapter = JsonAdapter()


def read(body, content_type=JSON):
    return adapter.decode(Payload.of(body, content_type))


def written(value):
    """A value as JSON, and as msgpack read back."""
    return adapter.encode(value, JSON).decode(), msgpack.unpackb(adapter.encode(value, MSGPACK))


def refusal(body, content_type=JSON, error=BadInput):
    with pytest.raises(error) as caught:
        read(body, content_type)
    return str(caught.value)


@dataclasses.dataclass
class Flower:
    species: str
    size: float
    _secret: int = 7


class Colour(enum.Enum):
    RED = "red"


class Kind(str, enum.Enum):  # noqa: UP042 - the older way, whose str() is not a value
    ROSE = "rose"


class Query(TypedDict):
    age: int


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize("content_type", ["", JSON, "application/problem+json", "application/json; charset=UTF-8"])
def test_a_json_document_is_one_item_whatever_it_is(content_type):
    assert read(b'{"a": [1, 2.5, null, "b"]}', content_type) == {"a": [1, 2.5, None, "b"]}
    assert read(b"[1, 2]", content_type) == [1, 2]


@pytest.mark.parametrize("content_type", [MSGPACK, "application/x-msgpack"])
def test_a_msgpack_document_is_one_item_whatever_it_is(content_type):
    assert read(msgpack.packb({"a": [1, b"\xff", float("inf")]}), content_type) == {"a": [1, b"\xff", float("inf")]}


def test_a_document_in_another_charset_is_read():
    assert read('{"a": "é"}'.encode("latin-1"), "application/json; charset=latin-1") == {"a": "é"}
    assert read('{"a": "é"}'.encode("utf-16"), "application/json; charset=utf-16") == {"a": "é"}


def test_an_unsupported_content_type_is_refused():
    message = refusal(b"{}", "text/plain", UnsupportedMediaType)
    assert message == "'text/plain' is not read here: expected one of application/json, application/msgpack, application/x-msgpack"


@pytest.mark.parametrize(
    "body", [b"NaN", b"[Infinity]", b"-Infinity", b"1e999", b"", b"{", b"[1,]", b"{'a': 1}", b"1 2", b"\xff", b'"\\ud800"']
)
def test_json_that_is_not_strict_is_refused(body):
    assert refusal(body).startswith("the body is not JSON: ")


def test_a_refusal_of_a_document_names_the_place_of_the_fault():
    assert refusal(b"[1, NaN]").endswith(": line 1 column 5 (char 4)")


def test_the_last_of_two_equal_keys_counts():
    assert read(b'{"a": 1, "a": 2}') == {"a": 2}


def test_a_large_document_is_read_as_fast_after_the_garbage_collector_has_frozen_the_heap():
    done = subprocess.run([sys.executable, "-c", FROZEN], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2.5


def test_an_integer_beyond_64_bits_is_read_as_a_float():
    assert read(b"18446744073709551616") == 2.0**64
    assert read(b"18446744073709551615") == 2**64 - 1


def nested(levels, opening, closing):
    return opening * levels + closing * levels


@pytest.mark.parametrize(
    ("deepest", "deeper", "content_type"),
    [
        (nested(100, b"[", b"]"), nested(101, b"[", b"]"), JSON),
        (nested(99, b'{"a":', b"") + b"{}" + b"}" * 99, nested(100, b'{"a":', b"") + b"{}" + b"}" * 100, JSON),
        (nested(100, "[", "]").encode("utf-16"), nested(101, "[", "]").encode("utf-16"), "application/json; charset=utf-16"),
        (b"[" + b"0," * 10_000 + nested(99, b"[", b"]") + b"]", b"[" + b"0," * 10_000 + nested(100, b"[", b"]") + b"]", JSON),
        (b"\x91" * 100 + b"\x00", b"\x91" * 101 + b"\x00", MSGPACK),
    ],
    ids=["lists", "objects", "another charset", "large", "msgpack"],
)
def test_a_document_has_at_most_100_levels(deepest, deeper, content_type):
    read(deepest, content_type)
    assert refusal(deeper, content_type) == "the body is nested deeper than 100 levels"


def test_brackets_in_texts_do_not_count_as_levels():
    assert read(b'"' + b"[" * 1000 + b'"') == "[" * 1000


@pytest.mark.parametrize("content_type", [JSON, MSGPACK])
def test_a_large_document_has_at_most_five_million_lists_and_objects(content_type):
    """Each takes one byte of the body and about a hundred bytes of memory."""

    def document(inside: int) -> bytes:
        if content_type == JSON:
            return b"[" + b"[]," * (inside - 1) + b"{}]"
        return b"\xdd" + inside.to_bytes(4, "big") + b"\x90" * (inside - 1) + b"\x80"

    assert len(read(document(4_999_999), content_type)) == 4_999_999
    with pytest.raises(TooLarge) as refused:
        read(document(5_000_000), content_type)
    assert str(refused.value) == "the body holds more than 5000000 lists and objects: send numbers as an array of bytes, or fewer at once"


def test_brackets_in_the_texts_of_a_large_document_do_not_count_as_lists():
    assert read(b'["' + b"[" * 5_000_001 + b'"]') == ["[" * 5_000_001]


def test_a_bomb_of_nested_msgpack_headers_is_refused_before_anything_is_built():
    bomb = b"\xdd\x00\x04\x00\x00" * 1000 + b"\x00" * 2**18
    assert refusal(bomb, MSGPACK) == "the body is not msgpack: it ends too early"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not msgpack: it ends too early"),
        (b"\xc1", "the body is not msgpack: FormatError"),
        (b"\x01\x02\x03", "the body is not one msgpack document: 2 bytes follow it"),
        (b"\x91" * 2000, "the body is not msgpack: StackError"),
        (b"\x81\x01\x02", "the body is not msgpack: int is not allowed for map key when strict_map_key=True"),
        (b"\xd7\x05aaaaaaaa", "msgpack extension type 5 is not read here: send 8 bytes as bin"),
    ],
)
def test_a_body_that_is_not_msgpack_is_refused(body, message):
    assert refusal(body, MSGPACK) == message


def test_a_malformed_msgpack_timestamp_is_refused():
    assert refusal(b"\xd4\xff\x00", MSGPACK).startswith("the body is not msgpack: ")


def test_a_msgpack_timestamp_is_an_aware_datetime():
    when = dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)
    assert read(msgpack.packb(when, datetime=True), MSGPACK) == when


@pytest.mark.parametrize(
    ("value", "json", "document"),
    [
        (float("nan"), "null", pytest.approx(float("nan"), nan_ok=True)),
        (np.float64(1.5), "1.5", 1.5),
        (np.float32(0.1), "0.1", pytest.approx(0.1)),
        (np.int64(3), "3", 3),
        (np.bool_(True), "true", True),
        (np.str_("a"), '"a"', "a"),
        (np.datetime64("2026-01-02"), '"2026-01-02"', "2026-01-02"),
        (np.longdouble(1.5), "1.5", 1.5),
        (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]", [[1, 2], [3, 4]]),
        (np.arange(4).reshape(2, 2).T, "[[0,2],[1,3]]", [[0, 2], [1, 3]]),
        (np.array([1, 2], ">i4"), "[1,2]", [1, 2]),
        (np.array(2.5), "2.5", 2.5),
        (np.array(["a", "b"]), '["a","b"]', ["a", "b"]),
        (np.array([{"a": np.int8(1)}], object), '[{"a":1}]', [{"a": 1}]),
        (np.array(["2026-01-02", "NaT"], "M8[ns]"), '["2026-01-02T00:00:00.000000000",null]', ["2026-01-02T00:00:00.000000000", None]),
        (np.array([90, "NaT"], "m8[s]")[:1], "[90.0]", [90.0]),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "[1.0,null]", [1.0, None]),
        (b"text", '"text"', b"text"),
        (memoryview(b"\xff"), '{"b64":"/w=="}', b"\xff"),
        (bytearray(b"\xff\x00"), '{"b64":"/wA="}', b"\xff\x00"),
        ((1, [Point(2, 3)]), "[1,[[2,3]]]", [1, [[2, 3]]]),
        ({3, 1, "a"}, '[1,3,"a"]', [1, 3, "a"]),
        (Flower("iris", 5.1), '{"species":"iris","size":5.1}', {"species": "iris", "size": 5.1}),
        (Colour.RED, '"red"', "red"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), '"2026-01-02T03:04:05+00:00"', "2026-01-02T03:04:05+00:00"),
        (dt.date(2026, 1, 2), '"2026-01-02"', "2026-01-02"),
        (dt.timedelta(minutes=1), "60.0", 60.0),
        (uuid.UUID(int=3), '"00000000-0000-0000-0000-000000000003"', "00000000-0000-0000-0000-000000000003"),
        (decimal.Decimal("1.10"), '"1.10"', "1.10"),
        ({1: 0.5, 2.5: "a", None: True, False: np.int64(3), np.int8(7): b"x"}, '{"1":0.5,"2.5":"a","null":true,"false":3,"7":"x"}', None),
        ({Kind.ROSE: Kind.ROSE}, '{"rose":"rose"}', {"rose": "rose"}),
        ({Colour.RED: 1, dt.date(2026, 1, 2): Flower("a", 1.0)}, '{"red":1,"2026-01-02":{"species":"a","size":1.0}}', None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_python_and_numpy_are_written_as_types_that_documents_have(value, json, document):
    as_json, as_msgpack = written(value)
    assert as_json == json
    assert as_msgpack == document or (document is None and list(as_msgpack) == list(read(as_json.encode())))


def test_an_integer_beyond_64_bits_is_written_as_its_digits_in_json_only():
    assert adapter.encode({"a": [2**64, -(2**63) - 1]}, JSON) == b'{"a":[18446744073709551616,-9223372036854775809]}'
    with pytest.raises(ValueError, match="beyond 64 bits") as error:
        adapter.encode(2**64, MSGPACK)
    assert str(error.value) == "the answer holds an integer beyond 64 bits, which msgpack cannot: return it as text"


def test_an_object_that_converts_to_an_array_is_written_as_one():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, float("nan")])

    assert written({"a": Tensor()})[0] == '{"a":[1.0,null]}'


@pytest.mark.parametrize("media_type", [JSON, MSGPACK])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (range(3), "cannot write a value of type 'range' in an answer: return lists, dicts, texts, numbers or arrays"),
        ([object()], "cannot write a value of type 'object' in an answer: return lists, dicts, texts, numbers or arrays"),
        (np.zeros(2, complex), "cannot write an array of complex128 in an answer: convert it to numbers or text"),
        ({(1, 2): 3}, "cannot write a key of type 'tuple' in an answer: use texts or numbers"),
        ({1: "a", "1": "b"}, "two keys of an answer would be written as the same text"),
    ],
)
def test_a_value_that_a_document_cannot_hold_is_refused(value, message, media_type):
    with pytest.raises((TypeError, ValueError)) as error:
        adapter.encode(value, media_type)
    assert str(error.value) == message


@pytest.mark.parametrize("media_type", [JSON, MSGPACK])
def test_an_answer_that_contains_itself_is_refused(media_type):
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="holds itself") as error:
        adapter.encode(value, media_type)
    assert str(error.value) == "an answer nested deeper than 250 levels, or one that holds itself, cannot be written"


@pytest.mark.parametrize("value", [float("nan"), [1, np.float32("inf")], {"a": np.array([1, np.nan])}, {1: Flower("a", float("-inf"))}])
def test_nan_in_an_answer_can_be_refused_instead_of_becoming_null(value):
    assert "null" in adapter.encode(value, JSON).decode()
    with pytest.raises(
        ValueError, match=r"^the answer holds (nan|-?inf), which JSON cannot: return a finite number, or let it become null"
    ):
        JsonAdapter(nan="refuse").encode(value, JSON)


def test_a_null_in_an_answer_is_allowed_although_nan_is_refused():
    value = {"a": None, "null": [np.float64(1), b"\xff", bytearray(b"a"), 3, None]}
    assert JsonAdapter(nan="refuse").encode(value, JSON) == adapter.encode(value, JSON)


def test_an_unknown_value_of_the_nan_option_is_a_definition_error():
    with pytest.raises(DefinitionError) as error:
        JsonAdapter(nan="keep")
    assert str(error.value) == "expected JsonAdapter(nan='null') or nan='refuse', got 'keep'"


@pytest.mark.parametrize("schema", [[1], "object", dict])
def test_a_schema_that_is_not_an_object_is_refused(schema):
    with pytest.raises(DefinitionError) as error:
        JsonAdapter(schema)
    assert str(error.value) == f"expected JsonAdapter(schema={{...}}) with a JSON Schema, got {schema!r}"


def test_a_schema_documents_and_validates_nothing():
    documented = JsonAdapter({"type": "object"}, example={"age": 3}, nan="refuse")
    assert documented.schema() == {"type": "object", "examples": [{"age": 3}]}
    assert documented.options() == {"schema": {"type": "object"}, "example": {"age": 3}, "nan": "refuse"}
    assert documented.decode(Payload(b"[]")) == []
    assert JsonAdapter({"type": "array"}).schema() == {"type": "array"}
    assert adapter.options() == {}


@pytest.mark.parametrize(
    "annotation", [dict, list[int], dict[str, Any], int, float, bool, tuple, None.__class__, Query, Flower, dict | None]
)
def test_documents_are_claimed_by_type_hints(annotation):
    assert isinstance(JsonAdapter.for_annotation(annotation), JsonAdapter)


@pytest.mark.parametrize("annotation", [str, bytes, np.ndarray, object, str | dict, Colour, "dict"])
def test_type_hints_of_other_adapters_are_not_claimed(annotation):
    assert JsonAdapter.for_annotation(annotation) is None


@pytest.mark.parametrize("value", [{}, [], (), 1, 1.5, True, None, Flower("a", 1.0), np.float32(1), Point(1, 2)])
def test_documents_are_claimed_by_value(value):
    assert isinstance(JsonAdapter.for_value(value), JsonAdapter)


@pytest.mark.parametrize("value", ["a", b"a", np.str_("a"), np.bytes_(b"a"), np.zeros(1), Flower, object()])
def test_values_of_other_adapters_are_not_claimed(value):
    assert JsonAdapter.for_value(value) is None


class Table:
    """Like a pandas.DataFrame: iterating over it gives the names of its columns."""

    columns = ("a", "b")

    def __init__(self, rows):
        self.rows = rows

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype)

    def __iter__(self):
        return iter(self.columns)


def test_tables_are_joined_row_by_row():
    joined = adapter.join([Table([[1, 2], [3, 4]]), Table([[5, 6]])])
    assert adapter.encode(joined, JSON) == b"[[1,2],[3,4],[5,6]]"


def test_a_body_too_large_for_the_memory_is_not_called_malformed():
    done = subprocess.run([sys.executable, "-c", NO_MEMORY], capture_output=True, text=True, timeout=60, check=True)
    said = {"Not enough memory to allocate buffer for parsing", "memory allocation failed"}  # the latter by orjson 3.10
    small, large = done.stdout.splitlines()
    assert small in said
    assert large in said or large.startswith("Unable to allocate")
