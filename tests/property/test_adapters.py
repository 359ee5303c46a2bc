"""Adapters against models: numpy's own files, Python's own parsers, and the form parser python-multipart."""

from __future__ import annotations

import io
import json
import math

import msgpack
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from python_multipart.multipart import FormParser

from bento import BadInput, Payload
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.adapters._multipart import Part, content_type_of, join, split
from pressing import times

JSON, MSGPACK, NPY, RAW = "application/json", "application/msgpack", "application/x-npy", "application/octet-stream"
DTYPES = hnp.boolean_dtypes() | hnp.integer_dtypes(endianness="?") | hnp.unsigned_integer_dtypes(endianness="?") | hnp.floating_dtypes(
    endianness="?", sizes=(16, 32, 64)
)  # fmt: skip
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4)))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def numbers_only(value):
    """The shape of JSON lists that are an array, with equal lengths at each level and numbers at the leaves, or None."""
    if isinstance(value, list):
        shapes = {numbers_only(item) for item in value}
        return None if None in shapes or len(shapes) > 1 else (len(value), *(shapes.pop() if shapes else ()))
    return () if type(value) in (int, float, bool) else None


@given(ARRAYS, st.booleans())
def test_an_array_that_numpy_writes_is_read(array, fortran):
    file = io.BytesIO()
    np.save(file, np.asfortranarray(array) if fortran else array, allow_pickle=False)
    read = ArrayAdapter().decode(Payload(file.getvalue(), NPY))
    assert read.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(read, array)


@given(ARRAYS)
def test_numpy_reads_an_array_that_is_written(array):
    body = ArrayAdapter().encode(array, NPY)
    read = np.load(io.BytesIO(body), allow_pickle=False)
    np.testing.assert_array_equal(read, array)


@given(ARRAYS, st.sampled_from([MSGPACK, NPY]))
def test_binary_forms_lose_nothing(array, media_type):
    read = ArrayAdapter().decode(Payload(ArrayAdapter().encode(array, media_type), media_type))
    assert (read.dtype, read.shape) == (array.dtype.newbyteorder("="), array.shape)
    np.testing.assert_array_equal(read, array)


@given(ARRAYS)
def test_bare_numbers_lose_nothing_if_shape_and_dtype_are_declared(array):
    adapter = ArrayAdapter(array.shape, array.dtype)
    read = adapter.decode(Payload(adapter.encode(array, RAW), RAW))
    np.testing.assert_array_equal(read, array)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=8), st.sampled_from([JSON, MSGPACK]))
@example([[1, 2], [3]], JSON)
@example([[], [1]], JSON)
def test_lists_are_an_array_exactly_if_they_are_rectangular_numbers(value, media_type):
    assume(not any(isinstance(leaf, float) and not math.isfinite(leaf) for leaf in leaves(value)))
    assume(all(abs(leaf) <= 2**53 for leaf in leaves(value) if isinstance(leaf, int)))  # lists with floats keep no larger integers
    body = json.dumps(value).encode() if media_type == JSON else msgpack.packb(value)
    expected = numbers_only(value)
    if expected is None:
        with pytest.raises(BadInput, match=r"^expected "):
            ArrayAdapter().decode(Payload(body, media_type))
    else:
        read = ArrayAdapter().decode(Payload(body, media_type))
        assert read.shape == expected
        assert read.tolist() == value


def leaves(value):
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


@given(
    hnp.arrays(st.sampled_from(["i8", "u8", "f8", "f4", "?"]), 4), st.sampled_from(["i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", "?"])
)
def test_a_conversion_keeps_every_value_or_is_refused(array, dtype):
    adapter = ArrayAdapter((4,), dtype)
    body = ArrayAdapter().encode(array, NPY)
    try:
        converted = adapter.decode(Payload(body, NPY))
    except BadInput:
        return
    if np.dtype(dtype).kind in "iub":
        assert [int(value) for value in converted] == [int(value) for value in array]
    else:
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(converted, array.astype(dtype))
        np.testing.assert_array_equal(np.isfinite(converted), np.isfinite(array))


@given(DOCUMENTS)
def test_other_parsers_read_json_answers(value):
    """Python's own parser reads what was written, with null for what JSON lacks."""
    assert json.loads(JsonAdapter().encode(value, JSON)) == without_nan(value)


@given(DOCUMENTS)
def test_json_is_read_as_other_parsers_read_it(value):
    """Except integers beyond 64 bits, which become floats."""
    value = without_nan(value)
    assume(all(-(2**63) <= leaf < 2**64 for leaf in flat(value) if isinstance(leaf, int)))
    assert JsonAdapter().decode(Payload(json.dumps(value).encode(), JSON)) == value


def flat(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if inner is None else [leaf for item in inner for leaf in flat(item)]


def without_nan(value):
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=10)
FILENAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='/\\"'), min_size=1, max_size=10).filter(
    lambda name: name not in (".", "..")
)
TYPES = st.sampled_from(["", "text/plain", "image/png", "text/plain; charset=utf-8"])
CONTENT = st.binary(max_size=60) | st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"\r\n--b"]), max_size=8).map(b"".join)
PARTS = st.lists(st.builds(Part, NAMES, CONTENT, TYPES, st.none() | FILENAMES), max_size=5)


def parts_of_others(body, boundary):
    """A form as python-multipart reads it."""
    found = []

    def field(field):
        found.append((field.field_name.decode(), field.value or b"", None))

    def file(file):
        file.file_object.seek(0)
        found.append((file.field_name.decode(), file.file_object.read(), file.file_name.decode()))
        file.close()

    parser = FormParser("multipart/form-data", field, file, boundary=boundary)
    parser.write(body)
    parser.finalize()
    return found


def parts_of(payload):
    return [(part.name, bytes(part.data), part.filename) for part in split(payload)]


@given(PARTS)
def test_a_form_is_split_into_what_it_was_joined_from(parts):
    body = join(parts)
    split_again = [
        Part(part.name, bytes(part.data), part.content_type, part.filename) for part in split(Payload.of(body, content_type_of(body)))
    ]
    assert split_again == parts


@given(PARTS)
def test_forms_are_read_as_other_parsers_read_them(parts):
    body = join(parts)
    payload = Payload.of(body, content_type_of(body))
    assume(not any("\\" in part.name or '"' in part.name for part in parts))
    assert parts_of(payload) == parts_of_others(body, payload.parameters["boundary"])


PIECES = [
    b"--b",
    b"\r\n",
    b"--",
    b"Content-Disposition: form-data; ",
    b'name="a"',
    b"; filename=",
    b'"',
    b"\\",
    b"a",
    b":",
    b"\xff",
    b"*=utf-8''%",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=25).map(b"".join), st.booleans())
def test_any_bytes_are_a_form_or_bad_input(body, begun):
    body = b"--b\r\n" + body + b"\r\n--b--" if begun else body
    try:
        parts = list(split(Payload(body, "multipart/form-data", {"boundary": "b"})))
    except BadInput:
        return
    assert all(part.name and bytes(part.data) in body for part in parts)


NUMBERS = st.integers(-3, 3) | st.integers(-(2**64), 2**65) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
LEAVES = st.sampled_from([NUMBERS, NUMBERS, st.integers(0, 255), st.floats(-10, 10), NUMBERS | st.none() | st.text(max_size=2)])
ROWS = LEAVES.flatmap(lambda leaves: st.lists(st.lists(st.lists(leaves, min_size=2, max_size=2), max_size=3), min_size=2, max_size=5))
# Some of these are not JSON alone, but are JSON when they are joined to others.
ODD = [b"[[1,2]]", b"[[1.5,2]]", b"[]", b"[[]]", b"{}", b"[[1,2]],[[3,4]]", b"[[1,2", b"3,4]]", b"[[true,2]]", b"7"]
BODIES = ROWS.map(lambda lists: [json.dumps(each).encode() for each in lists]) | st.lists(st.sampled_from(ODD), min_size=2)
SHAPES = st.sampled_from([(None, 2), (None, None), (1, 2), (None, None, 2)])
DECLARED = st.sampled_from(["float64", "float32", "float16", "int64", "uint8", "uint64", "bool"])


def bits(arrays):
    return [(each.dtype, each.shape, each.tobytes()) for each in arrays]


@given(BODIES, SHAPES, DECLARED)
def test_requests_that_are_read_together_give_what_each_gives_alone(bodies, shape, dtype):
    adapter = ArrayAdapter(shape, dtype)
    try:
        together = adapter.decode_all(bodies, JSON)
    except (ValueError, BadInput):
        together = None
    if together is not None:
        assert bits(together) == bits(adapter.decode(Payload(body, JSON)) for body in bodies)


def written(media_type, array, names, odd):
    """A body as a client writes it, with its array's byte order and order of axes."""
    if media_type == RAW:
        return array.tobytes()
    if media_type == MSGPACK:
        said = {"dtype": array.dtype.str, "shape": list(array.shape), "data": array.tobytes(), "more": 1}
        return msgpack.packb({name: said[name] for name in names})
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    body = file.getvalue()
    # Numbers at an odd address are copied when they are read.
    return body[:8] + (int.from_bytes(body[8:10], "little") + 1).to_bytes(2, "little") + b" " + body[10:] if odd else body


ALIKE = hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=3).flatmap(
    lambda shape: DTYPES.flatmap(lambda dtype: st.lists(hnp.arrays(dtype, shape, fill=st.nothing()), min_size=2, max_size=5))
)
# Each makes a body unlike the others, or damages it.
DAMAGES = [lambda body: body[:-1], lambda body: body + b"0", lambda body: body.replace(b"f4", b"i4"), lambda body: body[::-1], bytearray]


@settings(max_examples=times(300, 3000))
@given(ALIKE, st.sampled_from([MSGPACK, NPY, RAW]), st.booleans(), st.booleans(), st.data())
def test_binary_arrays_that_are_read_together_give_what_each_gives_alone(arrays, media_type, fortran, odd, data):
    names = data.draw(st.permutations(["dtype", "shape", "data"])) + data.draw(st.sampled_from([[], [], ["more"]]))
    arrays += data.draw(st.just([]) | st.just([]) | st.lists(ARRAYS, max_size=1))
    bodies = [written(media_type, np.asfortranarray(array) if fortran else array, names, odd) for array in arrays]
    bodies += [damage(bodies[0]) for damage in data.draw(st.just([]) | st.lists(st.sampled_from(DAMAGES), max_size=1))]
    own = (arrays[0].shape, arrays[0].dtype.newbyteorder("="))
    shapes, dtypes = ([None, own[0], own[0], (None, 2), (None, None), (2, None)], [None, own[1], own[1], "float32", "int64", "uint8"])
    adapter = ArrayAdapter(data.draw(st.sampled_from(shapes)), data.draw(st.sampled_from(dtypes)))
    try:
        together = adapter.decode_all(bodies, media_type)
    except (ValueError, BadInput):
        together = None
    if together is not None:
        alone = [adapter.decode(Payload(body, media_type)) for body in bodies]
        assert bits(together) == bits(alone)
        assert [each.flags.writeable for each in together] == [each.flags.writeable for each in alone]


@pytest.mark.parametrize("media_type", [MSGPACK, NPY, RAW])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_binary_arrays_are_read_together(media_type, dtype):
    bodies = [ArrayAdapter((None, 2), dtype).encode(np.array([[1, number]]), media_type) for number in range(3)]
    items = ArrayAdapter((None, 2), dtype if media_type == RAW else "float64").decode_all(bodies, media_type)
    assert [item.tolist() for item in items] == [[[1, 0]], [[1, 1]], [[1, 2]]]


def test_an_array_whose_numbers_come_before_its_dtype_and_shape_is_read_with_others():
    said = [{"data": bytes([number, 1]), "dtype": "|u1", "shape": [2]} for number in range(3)]
    assert [item.tolist() for item in ArrayAdapter().decode_all(list(map(msgpack.packb, said)), MSGPACK)] == [[0, 1], [1, 1], [2, 1]]
    said[1]["dtype"] = "|i1"
    assert ArrayAdapter().decode_all(list(map(msgpack.packb, said)), MSGPACK) is None


@given(ARRAYS, st.sampled_from([None, "float64", "int32"]), st.data())
def test_answers_that_are_written_together_are_the_same_as_each_alone(result, dtype, data):
    adapter = ArrayAdapter(dtype=dtype)
    if result.ndim and len(result):
        cuts = sorted(data.draw(st.sets(st.integers(1, len(result)), max_size=3)) | {len(result)})
        parts = [end - start for start, end in zip([0, *cuts], cuts, strict=False)]
        rows = data.draw(st.sampled_from([parts, [None] * len(result), [*parts, 0]]))
        try:
            together = adapter.encode_all(result, rows, JSON)
        except BadInput:
            together = None
        if together is not None:
            assert list(together) == [adapter.encode(value, JSON) for value in adapter.unstack(result, rows)]


@pytest.mark.parametrize("media_type", ["", JSON])
def test_small_requests_are_read_and_written_together(media_type):
    adapter = ArrayAdapter((None, 2), "float32")
    items = adapter.decode_all([b"[[1,2]]", b"[[0.5,2],[3,4]]"], media_type)
    assert [item.tolist() for item in items] == [[[1, 2]], [[0.5, 2], [3, 4]]]
    assert adapter.encode_all(adapter.stack(items), [1, 2], JSON) == [b"[[1.0,2.0]]", b"[[0.5,2.0],[3.0,4.0]]"]
