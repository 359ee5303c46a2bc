"""The kit for adapters: the rules that every adapter has to keep."""

from __future__ import annotations

import copy
import json
import sys
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from typing import Any

from hypothesis import strategies as st

from ..adapter import decodes_all, encodes_all
from ..errors import BentoError
from ..payload import Payload, parse_content_type
from ..registry import installed
from ._adapter import AdapterChecks
from ._bodies import BOM, CHARSETS, NO_CHARSETS, damaged, expensive
from ._kit import Draw, Kit, check_name, expect, property_test
from ._machines import adapter_machine, run
from ._process import import_footprint

_ROUNDS = 20


class AdapterTests(AdapterChecks, Kit, kit=True):
    """Tests for one adapter::

        class TestThingAdapter(AdapterTests):
            adapter = ThingAdapter()

            def values(self):
                return [Thing(1), Thing(2)]     # or a hypothesis strategy

    Define `same(one, other)` if your values need a comparison of their own, `example_payload(example)` if an example of the schema is
    neither JSON nor text nor base64, and `imports` if importing the plugin imports small packages.
    """

    def test_the_class_says_what_it_is(self) -> None:
        """`name` is written to the manifest; `media_types` decide which bodies are read and written."""
        adapter, kind = self.adapter, type(self.adapter).__name__
        media_types = getattr(adapter, "media_types", None)
        check_name(type(adapter), "Adapter")
        expect(isinstance(media_types, tuple) and media_types, f"{kind}.media_types is {media_types!r}: give a tuple of media types")
        for media_type in adapter.media_types:
            expect(_is_media_type(media_type), f"{kind}.media_types has {media_type!r}: write it lower case and without parameters")
        expect(
            "*" not in adapter.media_types[0], f"{kind}.media_types begins with {adapter.media_types[0]!r}: begin with one that is written"
        )
        expect(len(set(adapter.media_types)) == len(adapter.media_types), f"{kind}.media_types names one twice: {adapter.media_types!r}")

    def test_the_options_are_json(self) -> None:
        """The options are written to the manifest, and appear in the adapter's repr."""
        options = self.adapter.options()
        try:
            kept = json.loads(json.dumps(options, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise AssertionError(f"options() returns {options!r}: return nothing but JSON, because they go into the manifest") from error
        expect(kept == options, f"options() returns {options!r}, which JSON keeps as {kept!r}: return lists and texts as keys")

    @property_test
    def test_what_is_encoded_decodes_to_the_same(self, draw: Draw) -> None:
        value = draw(self._strategy(), label="value")
        for media_type in self._written():
            what = f"decoding what was encoded as {media_type}"
            self._check_same(self._decode(self._request(value, media_type), what), value, what)

    @property_test
    def test_encoding_twice_gives_the_same_bytes(self, draw: Draw) -> None:
        value = draw(self._strategy(), label="value")
        for media_type in self._written():
            bodies = [self.adapter.encode(each, media_type) for each in (value, value, copy.deepcopy(value))]
            expect(len(set(bodies)) == 1, f"encode() as {media_type} gives different bytes for one value: leave out times and random names")

    @property_test
    def test_any_bytes_are_a_value_or_bad_input(self, draw: Draw) -> None:
        body = draw(st.binary(max_size=200), label="body")
        parameters = draw(st.sampled_from([{}, {"charset": "utf-16"}, {"boundary": "b"}]), label="parameters")
        for media_type in self._read():
            self._check_survives(Payload(body, media_type, parameters))

    @property_test
    def test_a_damaged_body_is_a_value_or_bad_input(self, draw: Draw) -> None:
        value = draw(self._strategy(), label="value")
        for media_type in self._written():
            whole = self._request(value, media_type)
            body = draw(damaged(bytes(whole.data)), label=f"body as {media_type}")
            self._check_survives(Payload(body, media_type, whole.parameters))

    @property_test(at_most=1)
    def test_a_hostile_body_takes_no_time(self, draw: Draw) -> None:
        value = draw(self._strategy(), label="value")
        for media_type in self._written():
            whole = self._request(value, media_type)
            for body in expensive(bytes(whole.data)):
                self._check_survives(Payload(body, media_type, whole.parameters))

    @property_test(at_most=20)
    def test_the_charset_of_a_text_is_honoured(self, draw: Draw) -> None:
        """For `text/*` and JSON: the same text in another charset gives the same value."""
        value = draw(self._strategy(), label="value")
        charset = draw(st.sampled_from(CHARSETS), label="charset")
        for media_type in self._text_types():
            body = bytes(self._request(value, media_type).data).decode().encode(charset)
            what = f"decoding {media_type} in {charset} (see Payload.text)"
            self._check_same(self._decode(Payload(body, media_type, {"charset": charset}), what), value, what)

    @property_test(at_most=10)
    def test_an_unknown_charset_is_bad_input(self, draw: Draw) -> None:
        value = draw(self._strategy(), label="value")
        for media_type, charset in product(self._text_types(), NO_CHARSETS):
            payload = Payload(self._request(value, media_type).data, media_type, {"charset": charset})
            self._check_survives(payload)
            if payload.data:
                self._check_refused(payload, f"decoding in the charset {charset!r}", "read text with Payload.text, which refuses it")

    @property_test(at_most=10)
    def test_a_foreign_media_type_is_a_value_or_bad_input(self, draw: Draw) -> None:
        value = draw(self._strategy(), label="value")
        for foreign in ("application/x-unheard-of", "x/y", ""):
            self._check_survives(Payload(self._request(value, self._written()[0]).data, foreign))

    @property_test(at_most=20)
    def test_any_buffer_is_read_and_none_is_changed(self, draw: Draw) -> None:
        """A body is bytes, a bytearray, or a memoryview of part of one."""
        value = draw(self._strategy(), label="value")
        for media_type in self._written():
            whole = self._request(value, media_type)
            body = bytes(whole.data)
            for buffer in (bytearray(body), memoryview(body), memoryview(bytearray(b"x" + body + b"x"))[1:-1]):
                what = f"decoding a {type(buffer).__name__} as {media_type}"
                self._check_same(self._decode(Payload(buffer, media_type, whole.parameters), what), value, what)
                expect(bytes(buffer) == body, f"decode() changes the body of {media_type}: leave it as it is")

    @property_test
    def test_decoding_remembers_nothing(self, draw: Draw) -> None:
        """An earlier request has no influence: not its type, its columns or its order."""
        first, other = draw(self._strategy(), label="first"), draw(self._strategy(), label="other")
        for media_type in self._written():
            fresh = copy.deepcopy(self.adapter)
            fresh.decode(self._request(other, media_type))
            for _ in range(2):
                decoded = fresh.decode(self._request(first, media_type))
                self._check_same(decoded, first, f"decoding {media_type} after another request (keep nothing on the adapter)")
                fresh.decode(self._request(other, media_type))

    def test_any_order_of_requests_refusals_and_batches_changes_no_answer(self) -> None:
        run(adapter_machine(self), examples=min(self.max_examples, 10), steps=10)

    @property_test(at_most=10)
    def test_two_threads_decode_without_disturbing_each_other(self, draw: Draw) -> None:
        values = [draw(self._strategy(), label=name) for name in ("one", "other")]
        for media_type in self._written():
            requests = [self._request(value, media_type) for value in values]
            with _frequent_switches(), ThreadPoolExecutor(2) as pool:
                rounds = list(pool.map(lambda request: [self.adapter.decode(request) for _ in range(_ROUNDS)], requests))
            for value, decoded in zip(values, rounds, strict=True):
                for each in decoded:
                    self._check_same(each, value, f"decoding {media_type} beside another thread (keep nothing on the adapter)")

    @property_test
    def test_items_of_one_group_leave_a_batch_as_they_came(self, draw: Draw) -> None:
        """However a batch is put together, an api that returns its input answers each request with that request's item."""
        group = self._one_group(draw)
        rows = [self.adapter.rows(item) for item in group]
        for count in rows:
            expect(count is None or (type(count) is int and count >= 0), f"rows() returns {count!r}: return None or a whole number")
        cut = draw(st.integers(0, len(group) - 1), label="cut")
        for part in filter(None, (slice(None, cut), slice(cut, None), slice(None))):
            items = group[part]
            if items:
                answers = self.adapter.unstack(self._stacked(items), rows[part])
                expect(len(answers) == len(items), f"unstack() returns {len(answers)} answers for {len(items)} items: return one for each")
                for item, answer in zip(items, answers, strict=True):
                    self._check_same(self.adapter.alone(item), item, "alone(), which prepares an item for an api without batches,")
                    self._check_same(answer, item, f"a batch of {len(items)} items of the group {self.adapter.group(item)!r}")

    @property_test
    def test_what_is_read_or_written_together_is_the_same(self, draw: Draw) -> None:
        """`decode_all` and `encode_all` are only faster: they give the same as `decode` and `encode` one by one."""
        group, others = self._one_group(draw), draw(st.lists(self._strategy(), max_size=3), label="of any group")
        for media_type in self._written():
            if encodes_all(type(self.adapter)):
                self._check_written_together(group, media_type)
            bodies, more = ([bytes(self._request(item, media_type).data) for item in items] for items in (group, others))
            if decodes_all(type(self.adapter)):
                for last in ([draw(damaged(bodies[0]), label=f"damaged {media_type}")], [BOM + bodies[0]], more, []):
                    self._check_read_together([*bodies, *last], media_type)

    @property_test
    def test_a_result_of_another_length_is_refused(self, draw: Draw) -> None:
        """A short or long result must not shift answers to other callers."""
        group = self._one_group(draw)
        result, rows = self._stacked(group), [self.adapter.rows(item) for item in group]
        others: list[list[int | None]] = [[*rows, None if rows[0] is None else 1]]
        if rows[-1] != 0:
            others.append(rows[:-1])
        for wrong in others:
            try:
                answers = self.adapter.unstack(result, wrong)
            except ValueError:
                continue
            raise AssertionError(
                f"unstack() cuts the result of a batch of {rows!r} rows into {len(answers)} answers of {wrong!r}: raise a ValueError, "
                "as it does where it is not overridden"
            )

    def test_the_schema_is_json_schema_and_fits_its_examples(self) -> None:
        from jsonschema import Draft202012Validator, SchemaError, ValidationError

        schema = self.adapter.schema()
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise AssertionError(f"schema() is not a JSON Schema of 2020-12: {error.message}") from error
        for example in self._examples():
            try:
                Draft202012Validator(schema).validate(example)
            except ValidationError as error:
                raise AssertionError(f"the example {example!r} does not fit its schema: {error.message}") from error

    def test_the_examples_of_the_schema_decode(self) -> None:
        """The documentation shows the examples to clients, so they must be valid requests."""
        for example in self._examples():
            payload = self.example_payload(example)
            try:
                self.adapter.decode(payload)
            except BentoError as error:
                raise AssertionError(f"the example {example!r} does not decode: {error}: give one that can be sent") from error

    @property_test(at_most=20)
    def test_a_claimed_value_can_be_written(self, draw: Draw) -> None:
        """`for_value` claims only values that this adapter can write and that no other adapter is meant for."""
        kind, value = type(self.adapter), draw(self._strategy(), label="value")
        claimed = kind.for_value(value)
        expect(claimed is None or isinstance(claimed, kind), f"for_value() returns {claimed!r}: return an adapter of this class, or None")
        if claimed is not None:
            claimed.encode(value, claimed.media_types[0])
        for foreign in (object(), type, ...):
            expect(kind.for_value(foreign) is None, f"for_value() claims {foreign!r}: claim values of your own types only")
            expect(kind.for_annotation(foreign) is None, f"for_annotation() claims {foreign!r}: claim your own types only")

    def test_a_value_of_another_type_is_refused(self) -> None:
        for media_type in self._written():
            try:
                body = self.adapter.encode(object(), media_type)
            except (TypeError, ValueError):
                continue
            except Exception as error:
                raise AssertionError(f"encode() of an object() raises {type(error).__name__}: {error}: make it a TypeError") from error
            raise AssertionError(f"encode() writes an object() as {body!r}: raise a TypeError for what is not yours")

    def test_the_plugin_imports_no_framework(self) -> None:
        """A server with ten plugins starts as fast as one with none, and a missing framework does not affect other plugins."""
        plugin = installed().owner(type(self.adapter))
        if plugin is None:
            raise unittest.SkipTest(f"no installed plugin registers {type(self.adapter).__name__}")
        found = import_footprint(plugin.module) - self.imports
        expect(not found, f"importing {plugin.module} imports {', '.join(sorted(found))}: import it in the methods that need it")

    def _examples(self) -> list[Any]:
        examples = self.adapter.schema().get("examples")
        expect(isinstance(examples, list) and examples, "schema() has no examples: give at least one, because the documentation shows it")
        return examples if isinstance(examples, list) else []


def _is_media_type(text: object) -> bool:
    if not isinstance(text, str):
        return False
    try:
        return parse_content_type(text) == (text, {})
    except BentoError:
        return False


@contextmanager
def _frequent_switches() -> Iterator[None]:
    """Let Python switch between threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
