"""A JSON text that is read in pieces of any size gives what it gives as a whole; anything else is refused both ways."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bento import BadInput, InvalidInput, Payload
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.adapters._nested import NUMBERS, OR_NULL, from_lists
from bento.adapters._pieces import parse
from pressing import times


class Twice(list):
    """Is written as an object in which each key comes at least twice."""


strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text(',"\\[]{}: \n', max_size=12)
leaves = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | strings
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(strings, inner, max_size=5) | st.lists(inner).map(Twice),
    max_leaves=30,
)
spaces = st.sampled_from(["", " ", "\n", "\t \r"])


def written(value: object, space: str) -> str:
    """A document as text, with spaces wherever JSON allows them."""
    if isinstance(value, Twice):
        pairs = [f'{space}"{key}"{space}:{space}{written(item, space)}' for item in value for key in ("a", "", "a")]
        return f"{space}{{{','.join(pairs)}{space}}}"
    if isinstance(value, dict):
        pairs = [f"{space}{written(key, space)}{space}:{written(item, space)}" for key, item in value.items()]
        return f"{space}{{{','.join(pairs)}{space}}}{space}"
    if isinstance(value, list):
        return f"{space}[{','.join(written(item, space) for item in value)}{space}]{space}"
    return space + json.dumps(value, ensure_ascii=space == " ") + space


def at_once(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return BadInput


def in_pieces(text: bytes, size: int) -> object:
    try:
        return parse(text, 1000, piece=size)
    except BadInput:
        return BadInput


@settings(max_examples=times(200, 2000))
@given(value=documents, space=spaces, size=st.integers(1, 40))
def test_a_document_is_the_same_in_pieces(value, space, size):
    text = written(value, space).encode()
    assert at_once(text) is not BadInput
    # The results are compared as text, so that the order of keys counts, too.
    assert orjson.dumps(in_pieces(text, size)) == orjson.dumps(at_once(text))


@settings(max_examples=times(400, 4000))
@given(
    value=documents,
    space=spaces,
    size=st.integers(1, 40),
    wounds=st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from([b"", *[bytes([byte]) for byte in b',"\\[]{}:1 \xff\x00']])), max_size=3
    ),
)
@example([[], 1], "", 3, [(2, b",")])
def test_a_damaged_text_is_refused_in_pieces_exactly_if_it_is_refused_as_a_whole(value, space, size, wounds):
    text = written(value, space).encode()
    for place, byte in wounds:
        start = place % (len(text) + 1)
        text = text[:start] + byte + text[start + (not byte) :]
    expected = at_once(text)
    found = in_pieces(text, size)
    assert found is BadInput if expected is BadInput else orjson.dumps(found) == orjson.dumps(expected)


@pytest.mark.parametrize(
    "text", [b"[,1]", b"[1,]", b"[1, ,2]", b'{"a":1,}', b'{,"a":1}', b"[1],[2]", b"[1,2]]", b"[[1,2]", b"1,2", b"", b"[1,2}"]
)
@pytest.mark.parametrize("size", range(1, 8))
def test_a_text_that_is_malformed_only_where_two_pieces_meet_is_refused(text, size):
    assert in_pieces(text, size) is BadInput


def test_the_levels_of_a_document_are_counted_over_all_pieces():
    text = b"[" * 50 + b"1,2" + b"]" * 50
    assert parse(text, 50, piece=7) is not None
    with pytest.raises(BadInput, match=r"^the body is nested deeper than 49 levels$"):
        parse(text, 49, piece=7)


def test_a_refusal_says_near_which_byte_the_error_is():
    with pytest.raises(BadInput, match=r"^the body is not JSON: unexpected character, expected ',' or ']', near byte 14$"):
        parse(b"[1, 2, 3, 4, 5 x, 6]", 9, piece=6)


numbers = st.recursive(
    st.lists(st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.booleans() | st.none(), max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, st.integers(1, 4)).map(lambda pair: [pair[0]] * pair[1]),
    max_leaves=12,
)


@settings(max_examples=times(200, 2000))
@given(value=numbers, pieces=st.integers(2, 20), leaves=st.sampled_from([NUMBERS, OR_NULL]))
def test_an_array_is_the_same_in_pieces(value, pieces, leaves):
    text = orjson.dumps(value)

    def outcome(pieces: int) -> tuple[object, ...] | str:
        try:
            array = from_lists(orjson.loads(text), pieces, leaves)
        except InvalidInput as error:
            return str(error)
        return array.dtype, array.shape, array.tobytes()

    assert outcome(pieces) == outcome(1)


@pytest.mark.parametrize("shape", [(700_000,), (700_000, 1), (3, 300, 500), (1, 1, 400_000), (2, 0, 3)])
def test_a_large_array_is_written_and_read_as_a_small_one(shape):
    array = np.random.default_rng(1).random(shape)
    text = ArrayAdapter().encode(array, "application/json")
    assert text == orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)
    if array.size:
        assert np.array_equal(ArrayAdapter().decode(Payload(text, "application/json")), array)


def test_the_refusal_of_a_large_array_names_the_place_of_the_wrong_value():
    text = b"[[" + b"1," * 300_000 + b"1], [" + b"1," * 300_000 + b"null]]"
    with pytest.raises(InvalidInput, match=r"^expected a number at \[1\]\[300000\], got null$"):
        ArrayAdapter().decode(Payload(text, "application/json"))


def test_a_long_list_is_written_and_read_as_a_short_one():
    value = [{"number": number, "text": "ü", "more": [number, None]} for number in range(50_001)]
    text = JsonAdapter().encode(value, "application/json")
    assert text == orjson.dumps(value)
    assert JsonAdapter().decode(Payload(text, "application/json")) == value
    assert JsonAdapter().decode(Payload(text.decode().encode("utf-16"), "application/json", {"charset": "utf-16"})) == value
