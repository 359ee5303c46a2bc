"""The adapter kit catches each fault of a deliberately bad adapter, by the test that is named for it, and says what to do."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import strategies as st

from bento import Adapter, BadInput, InvalidInput
from bento.adapters import ArrayAdapter
from bento.testing import AdapterTests, check

JSON = "application/json"


class NumbersAdapter(Adapter[list[int]]):
    """A good adapter: lists of integers, each of which is a row."""

    name = "numbers"
    media_types = (JSON,)

    def decode(self, payload):
        try:
            value = json.loads(payload.text())
        except (ValueError, RecursionError) as error:
            raise BadInput(f"the body is not JSON: {error}") from error
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise InvalidInput("expected a list of integers")
        return value

    def encode(self, value, media_type):
        return json.dumps(value).encode()

    def rows(self, item):
        return len(item)

    def stack(self, items):
        return list(itertools.chain.from_iterable(items))

    def schema(self):
        return {"type": "array", "items": {"type": "integer"}, "examples": [[1, 2]]}

    @classmethod
    def for_value(cls, value):
        return cls() if isinstance(value, list) else None


class TestNumbersAdapter(AdapterTests):
    adapter = NumbersAdapter()

    def values(self):
        return [[1, 2, 3], [4], [5, 6]]


def fails(test, kind, values=((1, 2, 3), (4,), (5, 6)), **attributes):
    """The advice that a test of the kit gives an adapter."""
    tests = type("TestBad", (AdapterTests,), {"adapter": kind(), "values": lambda self: [*map(list, values)], **attributes})
    with pytest.raises(AssertionError) as error:
        getattr(tests(), test)()
    return str(error.value)


def bad(**members):
    return type("BadAdapter", (NumbersAdapter,), members)


def test_a_good_adapter_passes_every_test_of_the_kit():
    assert {name: error for name, error in check(TestNumbersAdapter).items() if error} == {}


@pytest.mark.parametrize(
    ("members", "advice"),
    [
        ({"name": "My Numbers"}, "BadAdapter.name is 'My Numbers': use a-z, 0-9 and '-'"),
        ({"media_types": [JSON]}, "BadAdapter.media_types is ['application/json']: give a tuple of media types"),
        (
            {"media_types": ("Application/JSON",)},
            "BadAdapter.media_types has 'Application/JSON': write it lower case and without parameters",
        ),
        ({"media_types": ("text/csv;a=b",)}, "BadAdapter.media_types has 'text/csv;a=b': write it lower case and without parameters"),
        ({"media_types": (3,)}, "BadAdapter.media_types has 3: write it lower case and without parameters"),
        ({"media_types": ("json",)}, "BadAdapter.media_types has 'json': write it lower case and without parameters"),
        ({"media_types": ("image/*",)}, "BadAdapter.media_types begins with 'image/*': begin with one that is written"),
        ({"media_types": (JSON, JSON)}, "BadAdapter.media_types names one twice: ('application/json', 'application/json')"),
    ],
)
def test_a_class_with_an_invalid_name_or_media_type_is_reported(members, advice):
    assert fails("test_the_class_says_what_it_is", bad(**members)) == advice


def test_a_class_whose_name_does_not_end_in_adapter_is_reported():
    kind = type("Numbers", (NumbersAdapter,), {})
    assert fails("test_the_class_says_what_it_is", kind) == "Numbers is an adapter: end its name in Adapter"


def test_options_that_are_not_json_are_reported():
    kind = bad(options=lambda self: {"dtype": np.dtype("f4")})
    assert "return nothing but JSON, because they go into the manifest" in fails("test_the_options_are_json", kind)


def test_options_that_json_changes_are_reported():
    assert "return lists and texts as keys" in fails("test_the_options_are_json", bad(options=lambda self: {"shape": (1, 2)}))


def test_a_value_that_is_lost_on_the_way_is_reported():
    kind = bad(encode=lambda self, value, media_type: json.dumps(value[:1]).encode())
    advice = fails("test_what_is_encoded_decodes_to_the_same", kind)
    assert (
        advice
        == "decoding what was encoded as application/json gives [1] instead of [1, 2, 3]: mend it, or define same() if the loss is intended"
    )


def test_a_body_that_is_not_bytes_is_reported():
    kind = bad(encode=lambda self, value, media_type: json.dumps(value))
    assert fails("test_what_is_encoded_decodes_to_the_same", kind) == "encode() returns a str for application/json: return bytes"


def test_a_content_type_of_another_kind_is_reported():
    advice = fails("test_what_is_encoded_decodes_to_the_same", bad(content_type=lambda self, media_type, body: "text/plain"))
    assert advice == "content_type() gives 'text/plain' for application/json: keep the media type, and add parameters"


def test_bytes_that_differ_each_time_are_reported():
    ticks = itertools.count()
    kind = bad(encode=lambda self, value, media_type: json.dumps(value).encode() + b" " * next(ticks))
    advice = fails("test_encoding_twice_gives_the_same_bytes", kind)
    assert advice == "encode() as application/json gives different bytes for one value: leave out times and random names"


def test_another_error_for_malformed_bytes_is_reported():
    advice = fails("test_any_bytes_are_a_value_or_bad_input", bad(decode=lambda self, payload: json.loads(bytes(payload.data))))
    assert "decode() of b'' as 'application/json' with {} raises JSONDecodeError" in advice
    assert advice.endswith("make malformed bytes a BadInput, and values that do not fit InvalidInput")


def test_a_refusal_without_a_message_is_reported():
    def decode(self, payload):
        raise BadInput

    assert "raises a BadInput that says '': say in a sentence what is wrong" in fails(
        "test_any_bytes_are_a_value_or_bad_input", bad(decode=decode)
    )


def test_another_error_for_a_truncated_body_is_reported():
    """Reads undamaged bodies, and trusts a declared count."""

    def encode(self, value, media_type):
        return bytes([len(value), *value])

    def decode(self, payload):
        return [payload.data[1 + index] for index in range(payload.data[0])] if payload.data else []

    advice = fails("test_a_damaged_body_is_a_value_or_bad_input", bad(encode=encode, decode=decode))
    assert "raises IndexError" in advice


def test_another_error_for_a_deeply_nested_body_is_reported():
    def decode(self, payload):
        try:
            return json.loads(payload.text())
        except ValueError as error:
            raise BadInput(str(error)) from error

    advice = fails("test_a_hostile_body_takes_no_time", bad(decode=decode))
    assert "raises RecursionError" in advice


def test_a_body_that_takes_too_long_is_reported():
    def decode(self, payload):
        time.sleep(0.02 if len(payload.data) > 1000 else 0)
        return []

    advice = fails("test_a_hostile_body_takes_no_time", bad(decode=decode), seconds=0.01)
    assert advice.endswith("takes 0.0 seconds: check sizes and depths before building anything")


def utf8_only(self, payload):
    try:
        return json.loads(bytes(payload.data).decode("utf-8"))
    except ValueError as error:
        raise BadInput(str(error)) from error


def test_a_charset_that_is_ignored_is_reported():
    advice = fails("test_the_charset_of_a_text_is_honoured", bad(decode=utf8_only))
    assert advice.startswith("decoding application/json in utf-16 (see Payload.text) raises BadInput")
    assert fails("test_an_unknown_charset_is_bad_input", bad(decode=utf8_only)) == (
        "decoding in the charset 'no-such-charset' gives [1, 2, 3]: read text with Payload.text, which refuses it"
    )


def test_another_error_for_a_foreign_media_type_is_reported():
    def decode(self, payload):
        return {JSON: NumbersAdapter.decode}[payload.media_type](self, payload)

    advice = fails("test_a_foreign_media_type_is_a_value_or_bad_input", bad(decode=decode))
    assert "raises KeyError: 'application/x-unheard-of'" in advice


def test_a_kind_of_buffer_that_is_not_read_is_reported():
    def decode(self, payload):
        return json.loads(payload.data.decode())

    advice = fails("test_any_buffer_is_read_and_none_is_changed", bad(decode=decode))
    assert advice == (
        "decoding a memoryview as application/json raises AttributeError: 'memoryview' object has no attribute 'decode': "
        "read every buffer and body that encode() could make"
    )


def test_a_buffer_that_is_changed_is_reported():
    def decode(self, payload):
        value = NumbersAdapter.decode(self, payload)
        if isinstance(payload.data, bytearray):
            payload.data.clear()
        return value

    advice = fails("test_any_buffer_is_read_and_none_is_changed", bad(decode=decode))
    assert advice == "decode() changes the body of application/json: leave it as it is"


def test_a_request_that_influences_the_next_is_reported():
    """Like tables that get the columns of the first request."""

    def decode(self, payload):
        value = NumbersAdapter.decode(self, payload)
        self.columns = getattr(self, "columns", None) or len(value)
        return value[: self.columns]

    advice = fails("test_decoding_remembers_nothing", bad(decode=decode))
    assert "decoding application/json after another request (keep nothing on the adapter) gives" in advice


def test_a_request_that_is_kept_on_the_adapter_while_it_is_read_is_reported():
    def decode(self, payload):
        self.payload = payload
        time.sleep(0.003)
        return NumbersAdapter.decode(self, self.payload)

    advice = fails("test_two_threads_decode_without_disturbing_each_other", bad(decode=decode))
    assert "decoding application/json beside another thread (keep nothing on the adapter) gives" in advice


class FloatsAdapter(NumbersAdapter):
    """Stacks integers and floats into a batch of floats."""

    def decode(self, payload):
        return np.array(json.loads(payload.text()))

    def encode(self, value, media_type):
        return json.dumps(value.tolist()).encode()

    def stack(self, items):
        return np.concatenate(items)


def test_items_that_change_each_other_in_a_batch_are_reported():
    arrays = [np.array([1, 2]), np.array([0.5])]
    tests = type("TestBad", (AdapterTests,), {"adapter": FloatsAdapter(), "values": lambda self: arrays})
    with pytest.raises(AssertionError, match=r"^a batch of 2 items of the group None gives array"):
        tests().test_items_of_one_group_leave_a_batch_as_they_came()


@pytest.mark.parametrize("count", [1.0, True, -1])
def test_an_invalid_number_of_rows_is_reported(count):
    advice = fails("test_items_of_one_group_leave_a_batch_as_they_came", bad(rows=lambda self, item: count))
    assert advice == f"rows() returns {count!r}: return None or a whole number"


def test_a_group_that_is_not_hashable_is_reported():
    advice = fails("test_items_of_one_group_leave_a_batch_as_they_came", bad(group=lambda self, item: [1]))
    assert advice.startswith("group() returns what cannot be a key of a dict: ")
    assert advice.endswith("return texts, numbers and tuples")


def test_a_batch_with_only_one_answer_is_reported():
    advice = fails("test_items_of_one_group_leave_a_batch_as_they_came", bad(unstack=lambda self, result, rows: [result]), [(1,)] * 2)
    assert advice == "unstack() returns 1 answers for 2 items: return one for each"


def test_an_item_that_differs_alone_and_in_a_batch_is_reported():
    advice = fails("test_items_of_one_group_leave_a_batch_as_they_came", bad(alone=lambda self, item: item[:-1]))
    assert "alone(), which prepares an item for an api without batches, " in advice


def test_shifted_answers_are_reported():
    def unstack(self, result, rows):
        starts = itertools.accumulate(rows, initial=0)
        return [result[start : start + count] for start, count in zip(starts, rows)]  # noqa: B905 - the fault

    advice = fails("test_a_result_of_another_length_is_refused", bad(unstack=unstack), [(1, 2)])
    assert advice == (
        "unstack() cuts the result of a batch of [2] rows into 2 answers of [2, 1]: raise a ValueError, "
        "as it does where it is not overridden"
    )


def test_an_invalid_schema_is_reported():
    advice = fails("test_the_schema_is_json_schema_and_fits_its_examples", bad(schema=lambda self: {"type": "numbers"}))
    assert advice.startswith("schema() is not a JSON Schema of 2020-12: 'numbers' is not valid")


def test_a_schema_without_examples_is_reported():
    advice = fails("test_the_schema_is_json_schema_and_fits_its_examples", bad(schema=lambda self: {"type": "array"}))
    assert advice == "schema() has no examples: give at least one, because the documentation shows it"


def test_an_example_that_does_not_fit_its_schema_is_reported():
    kind = bad(schema=lambda self: {"type": "array", "examples": [3]})
    advice = fails("test_the_schema_is_json_schema_and_fits_its_examples", kind)
    assert advice == "the example 3 does not fit its schema: 3 is not of type 'array'"


def test_an_example_that_does_not_decode_is_reported():
    kind = bad(schema=lambda self: {"type": "array", "examples": [["a"]]})
    advice = fails("test_the_examples_of_the_schema_decode", kind)
    assert advice == "the example ['a'] does not decode: expected a list of integers: give one that can be sent"


def test_an_example_of_which_no_request_can_be_made_is_reported():
    kind = bad(media_types=("application/x-numbers",))
    advice = fails("test_the_examples_of_the_schema_decode", kind)
    assert advice == "the example [1, 2] is neither JSON nor text: define example_payload(), which makes a request of it"


class StampAdapter(Adapter[bytes]):
    """Bytes after a mark of four bytes; the example is base64, like that of any bytes."""

    name = "stamp"
    media_types = ("application/x-seal", "application/x-stamp")
    example = "U1RNUHRlYQ=="

    def decode(self, payload):
        if payload.media_type != "application/x-stamp" or bytes(payload.data[:4]) != b"STMP":
            raise BadInput("expected a stamp")
        return bytes(payload.data[4:])

    def encode(self, value, media_type):
        return b"STMP" + value

    def schema(self):
        return {"type": "string", "contentEncoding": "base64", "contentMediaType": "application/x-stamp", "examples": [self.example]}


def test_an_example_in_base64_is_sent_as_bytes():
    tests = type("TestStamp", (AdapterTests,), {"adapter": StampAdapter(), "values": lambda self: [b"tea"]})
    tests().test_the_examples_of_the_schema_decode()


def test_an_example_that_is_not_base64_is_reported():
    kind = type("BadAdapter", (StampAdapter,), {"example": "a stamp"})
    advice = fails("test_the_examples_of_the_schema_decode", kind)
    assert advice == "the example 'a stamp' is not base64, which the contentEncoding of schema() says it is"


@pytest.mark.parametrize("claim", ["for_value", "for_annotation"])
def test_an_adapter_that_claims_everything_is_reported(claim):
    advice = fails("test_a_claimed_value_can_be_written", bad(**{claim: classmethod(lambda cls, value: cls())}))
    assert advice.startswith(f"{claim}() claims <object object at ")


def test_a_claim_that_returns_no_adapter_is_reported():
    kind = bad(for_value=classmethod(lambda cls, value: isinstance(value, list) or None))
    assert fails("test_a_claimed_value_can_be_written", kind) == "for_value() returns True: return an adapter of this class, or None"


def test_a_value_of_another_type_that_is_written_is_reported():
    advice = fails("test_a_value_of_another_type_is_refused", bad(encode=lambda self, value, media_type: repr(value).encode()))
    assert advice.startswith("encode() writes an object() as b'<object object at ")
    assert advice.endswith("raise a TypeError for what is not yours")


def test_another_error_for_a_value_of_another_type_is_reported():
    advice = fails("test_a_value_of_another_type_is_refused", bad(encode=lambda self, value, media_type: value.encode()))
    assert advice == "encode() of an object() raises AttributeError: 'object' object has no attribute 'encode': make it a TypeError"


def test_values_that_are_not_equal_to_themselves_are_not_blamed_on_reading_together():
    class TestFloats(AdapterTests):
        adapter = ArrayAdapter((1,), "float32")

        def values(self):
            return [np.array([np.nan], "float32")]

        def same(self, one, other):
            return np.array_equal(one, other)

    assert not TestFloats().same(*TestFloats().values() * 2)
    TestFloats().test_what_is_read_or_written_together_is_the_same()


def test_missing_values_of_a_test_class_are_reported():
    class TestEmpty(AdapterTests):
        adapter = NumbersAdapter()

    with pytest.raises(NotImplementedError, match=r"^TestEmpty\.values\(\) is missing: return a list of values, or a hypothesis strategy"):
        TestEmpty().test_what_is_encoded_decodes_to_the_same()
    assert fails("test_what_is_encoded_decodes_to_the_same", NumbersAdapter, ()) == "TestBad.values() is empty: return some values"


def test_a_test_asks_for_a_strategy_once_and_for_a_list_each_time():
    asked = []

    class TestDrawn(TestNumbersAdapter):
        def values(self):
            asked.append(self)
            return st.lists(st.integers(), min_size=1)

    class TestListed(TestNumbersAdapter):
        def values(self):
            asked.append(self)
            return [[1, 2, 3], [4]]

    TestDrawn().test_decoding_remembers_nothing()
    assert len(asked) == 1
    TestListed().test_decoding_remembers_nothing()
    assert len(asked) > 2


def test_an_adapter_that_no_plugin_registers_is_not_asked_for_its_imports():
    assert check(TestNumbersAdapter)["test_the_plugin_imports_no_framework"] is None


PLUGIN = """
import {imported}
import bento

class HeavyAdapter(bento.Adapter):
    name = "heavy"
    media_types = ("text/plain",)
    def decode(self, payload): return payload.text()
    def encode(self, value, media_type): return value.encode()

@bento.hookimpl
def bento_register_adapters(): return [HeavyAdapter]
"""

ASK = """
import heavy_plugin
from bento.testing import AdapterTests, check
class Tests(AdapterTests):
    adapter = heavy_plugin.HeavyAdapter()
class Lenient(Tests):
    imports = frozenset({"framework"})
for tests in (Tests, Lenient):
    try:
        print(tests().test_the_plugin_imports_no_framework())
    except AssertionError as error:
        print(error)
"""


@pytest.fixture
def ask_installed(tmp_path, monkeypatch):
    """What the kit reports about the imports of an installed plugin that imports this module."""

    def ask(imported):
        (tmp_path / "framework.py").write_text("")
        (tmp_path / "heavy_plugin.py").write_text(PLUGIN.format(imported=imported))
        folder = tmp_path / "heavy-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: heavy\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text("[bento]\nheavy = heavy_plugin\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        run = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
        return run.stdout.splitlines()

    return ask


def test_a_plugin_that_imports_its_framework_at_once_is_reported(ask_installed):
    assert ask_installed("framework") == [
        "importing heavy_plugin imports framework: import it in the methods that need it",
        "None",
    ]


def test_a_plugin_that_imports_only_the_standard_library_passes(ask_installed):
    assert ask_installed("decimal") == ["None", "None"]
