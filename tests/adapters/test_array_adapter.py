"""Arrays: every form of a body, which values fit, and the errors for those that do not."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import msgpack
import numpy as np
import pytest
from numpy.typing import NDArray

from bento import BadInput, DefinitionError, InvalidInput, Payload, UnsupportedMediaType
from bento.adapters import ArrayAdapter

JSON, MSGPACK, NPY, RAW = "application/json", "application/msgpack", "application/x-npy", "application/octet-stream"
rows = ArrayAdapter((None, 2), "float64")


def read(adapter, body, media_type=JSON):
    return adapter.decode(Payload(body, media_type))


def refusal(adapter, body, media_type=JSON, error=BadInput):
    with pytest.raises(error) as caught:
        read(adapter, body if isinstance(body, bytes) else json.dumps(body).encode(), media_type)
    return str(caught.value)


def npy(array, **kwargs):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **kwargs)
    return file.getvalue()


def packed(**kwargs):
    return msgpack.packb({"dtype": "<f8", "shape": [1, 2], "data": bytes(16), **kwargs})


EXPECTED = np.array([[1.0, 2.5], [-3.0, 4.0]])
BODIES = [
    (json.dumps(EXPECTED.tolist()).encode(), JSON),
    (b"[[1, 2.5], [-3, 4]]", "application/vnd.rows+json"),
    (msgpack.packb(EXPECTED.tolist()), MSGPACK),
    (msgpack.packb({"dtype": "<f8", "shape": [2, 2], "data": EXPECTED.tobytes()}), MSGPACK),
    (msgpack.packb({"dtype": ">f4", "shape": [2, 2], "data": EXPECTED.astype(">f4").tobytes()}), MSGPACK),
    (npy(EXPECTED), NPY),
    (npy(EXPECTED, version=(2, 0)), NPY),
    (npy(EXPECTED, version=(3, 0)), NPY),
    (npy(np.asfortranarray(EXPECTED)), NPY),
    (npy(EXPECTED.astype(">f8")), NPY),
    (npy(EXPECTED.astype("float16")), NPY),
    (EXPECTED.astype("<f8").tobytes(), RAW),
]


LONG = np.arange(80_000.0).reshape(-1, 2)
LONG_MAP = {"dtype": "<f8", "shape": [40_000, 2], "data": LONG.tobytes()}


@pytest.mark.parametrize("body", [LONG_MAP, dict(reversed(LONG_MAP.items())), {**LONG_MAP, "colour": "red"}, LONG.tolist()])
def test_a_large_msgpack_body_gives_the_same_array_in_whatever_order_it_is_written(body):
    array = ArrayAdapter(shape=(None, 2)).decode(Payload(msgpack.packb(body), MSGPACK))
    np.testing.assert_array_equal(array, LONG)
    assert array.dtype == np.float64


@pytest.mark.parametrize(
    "body",
    [
        msgpack.packb(LONG_MAP)[:-1],
        msgpack.packb(LONG_MAP) + b"x",
        b"\x84" + msgpack.packb(LONG_MAP)[1:],
        b"\x82\xa4data" + msgpack.packb(LONG.tobytes()) + b"\xa5shape\xdd\xff\xff\xff\xff",
    ],
    ids=["too short", "too long", "an entry is missing", "a list without end"],
)
def test_a_truncated_large_msgpack_body_is_refused(body):
    assert "the body is not" in refusal(ArrayAdapter(shape=(None, 2)), body, MSGPACK)


@pytest.mark.parametrize("key", ["data", "shape"])
def test_the_last_of_two_equal_keys_in_a_large_msgpack_body_counts(key):
    entries = [("dtype", "<f8"), (key, {"data": bytes(640_000), "shape": [1, 2]}[key]), *list(LONG_MAP.items())[1:]]
    body = b"\x84" + b"".join(msgpack.packb(part) for entry in entries for part in entry)
    np.testing.assert_array_equal(ArrayAdapter(shape=(None, 2)).decode(Payload(body, MSGPACK)), LONG)


@pytest.mark.parametrize(("body", "media_type"), BODIES)
def test_every_form_of_a_body_gives_the_same_array(body, media_type):
    array = read(rows, body, media_type)
    assert array.dtype == np.dtype("float64")
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, EXPECTED)


def test_an_array_from_bytes_is_a_view_of_the_body():
    body = bytearray(EXPECTED.tobytes())
    array = read(rows, body, RAW)
    body[:8] = np.array([9.0]).tobytes()
    assert array[0, 0] == 9.0
    assert not read(rows, bytes(body), RAW).flags.writeable


def test_an_array_at_an_odd_address_is_moved_to_an_even_one():
    body = memoryview(b"x" + EXPECTED.tobytes())[1:]
    array = read(rows, body, RAW)
    assert array.flags.aligned
    np.testing.assert_array_equal(array, EXPECTED)


def test_without_a_declared_dtype_an_array_has_the_dtype_of_its_body():
    assert read(ArrayAdapter(), b"[1, 2]").dtype == np.dtype("int64")
    assert read(ArrayAdapter(), b"[1, 2.0]").dtype == np.dtype("float64")
    assert read(ArrayAdapter(), b"[true]").dtype == np.dtype("bool")
    assert read(ArrayAdapter(), npy(np.zeros(2, ">f4")), NPY).dtype == np.dtype("float32")
    assert read(ArrayAdapter(), b"3.5").shape == ()


@pytest.mark.parametrize(
    ("body", "dtype", "expected"),
    [
        ([1, 2], "float32", [1.0, 2.0]),
        ([1.0, -2.0], "int8", [1, -2]),
        ([0, 1], "bool", [False, True]),
        ([True, False], "float64", [1.0, 0.0]),
        ([0.1], "float32", np.array([0.1], "float32")),
        ([2**63], "uint64", [2**63]),
        ([], "int64", []),
    ],
)
def test_values_are_converted_if_the_dtype_holds_them_exactly(body, dtype, expected):
    array = read(ArrayAdapter((None,), dtype), json.dumps(body).encode())
    assert array.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("body", "dtype", "message"),
    [
        ([1, 1.5], "int64", "expected a whole number from -9223372036854775808 to 9223372036854775807 for int64, got 1.5 at [1]"),
        ([127, 128], "int8", "expected a whole number from -128 to 127 for int8, got 128 at [1]"),
        ([-1], "uint64", "expected a whole number from 0 to 18446744073709551615 for uint64, got -1 at [0]"),
        (
            [2**63],
            "int64",
            "expected a whole number from -9223372036854775808 to 9223372036854775807 for int64, got 9223372036854775808 at [0]",
        ),
        (
            [0.0, 2.0**60],
            "int64",
            "expected a whole number from -9223372036854775808 to 9223372036854775807 for int64, got 1.152921504606847e+18 at [1]",
        ),
        ([2], "bool", "expected true or false for bool, got 2 at [0]"),
        ([0.0, 1e300], "float32", "expected a number in the range of float32, got 1e+300 at [1]"),
    ],
)
def test_values_that_a_dtype_cannot_hold_are_refused(body, dtype, message):
    assert refusal(ArrayAdapter((None,), dtype), body, error=InvalidInput) == message


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1])
def test_an_integer_rounded_beside_a_float_is_refused_but_floats_of_other_requests_do_not_round_it(number):
    adapter = ArrayAdapter((None,), "int64")
    assert f"for int64, got {float(number)!r} at [0]" in refusal(adapter, [number, 1.0], error=InvalidInput)
    together = adapter.decode_all([json.dumps(body).encode() for body in ([number], [1.0])], JSON)
    assert together is None or together[0].tolist() == [number]


LARGE = [0, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]


@pytest.mark.parametrize("times", [1, 20_000])
@pytest.mark.parametrize("numbers", [LARGE, [LARGE, LARGE[::-1]], [[[number]] for number in LARGE]])
def test_integers_on_both_sides_of_the_largest_signed_one_are_read_as_they_are(numbers, times):
    for media_type, write in (("application/json", lambda value: json.dumps(value).encode()), ("application/msgpack", msgpack.packb)):
        array = ArrayAdapter(dtype="uint64").decode(Payload(write(numbers * times), media_type))
        assert array.dtype == "uint64"
        assert array.tolist() == numbers * times


@pytest.mark.parametrize(
    ("body", "got"),
    [(b"[-1, 9223372036854775808]", "-1.0 at [0]"), (b"[-1, 1]", "-1 at [0]"), (b"[1.5, 9223372036854775808]", "1.5 at [0]")],
)
def test_a_number_that_is_not_an_unsigned_integer_is_refused_beside_a_large_one(body, got):
    message = f"expected a whole number from 0 to 18446744073709551615 for uint64, got {got}"
    assert refusal(ArrayAdapter(dtype="uint64"), body, error=InvalidInput) == message


def test_a_large_integer_gives_an_array_whose_type_number_is_that_of_uint64():
    body, number = b"[9223372036854775808]", np.dtype("uint64").num
    adapter = ArrayAdapter((None,), "uint64")
    assert [read(each, body).dtype.num for each in (ArrayAdapter(), adapter)] == [number, number]
    assert [each.dtype.num for each in adapter.decode_all([body, b"[true]"], "application/json")] == [number, number]


def test_nan_in_a_binary_body_is_read_as_a_float_and_refused_as_an_integer():
    assert np.isnan(read(rows, npy(np.full((1, 2), np.nan)), NPY)).all()
    assert "got nan at [0]" in refusal(ArrayAdapter((None,), "int32"), npy(np.full(1, np.nan)), NPY, InvalidInput)


@pytest.mark.parametrize("wire", ["<f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_a_signalling_nan_causes_no_warning(wire, dtype):
    unsigned = f"{wire[0]}u{wire[2]}"
    numbers = (np.array([np.inf], wire).view(unsigned) + 1).astype(unsigned).view(wire)
    adapter, body = ArrayAdapter((None,), dtype), npy(numbers)
    if dtype == "int32":
        assert "got nan at [0]" in refusal(adapter, body, NPY, InvalidInput)
    else:
        assert np.isnan(read(adapter, body, NPY)).all()
        assert np.isnan(adapter.decode_all([body, body], NPY)).all()
        assert np.isnan(read(adapter, adapter.encode(numbers, NPY), NPY)).all()


@pytest.mark.parametrize(("number", "dtype"), [(np.float16("inf"), "int32"), (np.float32(2**31), "int32"), (np.float32(2**32), "uint32")])
def test_a_narrow_float_that_is_too_large_for_an_integer_is_refused(number, dtype):
    message = refusal(ArrayAdapter((None,), dtype), npy(np.full(1, number)), NPY, InvalidInput)
    assert message.endswith(f"for {dtype}, got {number.item()!r} at [0]")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([[1, 2, 3]], "expected an array of shape (n, 2), got (1, 3)"),
        ([1, 2], "expected an array of shape (n, 2), got (2,)"),
        ([[[1, 2]]], "expected an array of shape (n, 2), got (1, 1, 2)"),
        (5, "expected an array of shape (n, 2), got ()"),
        ([[1, 2], [3]], "expected 2 elements at [1], as in the lists before it, got 1"),
        ([[1, 2], 3], "expected a list at [1], as in the elements before it, got 3"),
        ([1, [2]], "expected a number at [1], got a list"),
        ([[1, None]], "expected a number at [0][1], got null"),
        ([[1, "2"]], "expected a number at [0][1], got the text '2'"),
        (["a" * 99], f"expected a number at [0], got the text '{'a' * 40}'"),
        ("a", "expected a number, got the text 'a'"),
        (None, "expected a number, got null"),
        ({"instances": [[1, 2]]}, "expected a number, got an object with the keys 'instances'"),
        ([{}], "expected a number at [0], got an empty object"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(body, message):
    assert refusal(rows, body, error=InvalidInput) == message
    if body not in ("a", {"instances": [[1, 2]]}):
        assert refusal(rows, msgpack.packb(body), MSGPACK, InvalidInput) == message


gaps = ArrayAdapter((None, 2), null="nan")


@pytest.mark.parametrize("body", [[[1, None]], [[1.0, None]], [[True, None]]])
@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
def test_a_null_is_nan_if_the_adapter_is_declared_so(body, dtype):
    adapter = ArrayAdapter((None, 2), dtype, null="nan")
    for array in (read(adapter, json.dumps(body).encode()), read(adapter, msgpack.packb(body), MSGPACK)):
        np.testing.assert_array_equal(array, [[1.0, np.nan]])
        assert array.dtype == np.dtype(dtype or "float64")


def test_a_body_without_a_null_keeps_its_dtype_although_nulls_are_allowed():
    assert read(gaps, b"[[1, 2]]").dtype == np.dtype("int64")
    assert read(gaps, b"[[true, false]]").dtype == np.dtype("bool")
    assert read(gaps, b"[]").shape == (0, 2)


def test_a_null_in_a_large_body_is_nan_too():
    body = b"[" + b"[1,2]," * 50_000 + b"[null,null]]"
    array = read(gaps, body)
    assert (array.shape, array.dtype, np.isnan(array).nonzero()[0].tolist()) == ((50_001, 2), np.dtype("float64"), [50_000, 50_000])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([[1, None, 3]], "expected an array of shape (n, 2), got (1, 3)"),
        (None, "expected an array of shape (n, 2), got ()"),
        ([None], "expected an array of shape (n, 2), got (1,)"),
        ([[1, None], None], "expected a list at [1], as in the elements before it, got null"),
        ([[1, None], [None]], "expected 2 elements at [1], as in the lists before it, got 1"),
        ([[None, {}]], "expected a number or null at [0][1], got an empty object"),
        ([[None, "NaN"]], "expected a number or null at [0][1], got the text 'NaN'"),
    ],
)
def test_a_value_that_does_not_fit_beside_a_null_is_refused_with_its_place(body, message):
    assert refusal(gaps, body, error=InvalidInput) == message
    assert refusal(gaps, msgpack.packb(body), MSGPACK, InvalidInput) == message


def test_a_list_nested_deeper_than_arrays_go_is_refused():
    message = refusal(ArrayAdapter(), b"[" * 40 + b"]" * 40, error=InvalidInput)
    assert message == "expected at most 32 axes"
    assert refusal(ArrayAdapter(), b"[" * 900 + b"1" + b"]" * 900, error=InvalidInput) == message
    assert refusal(ArrayAdapter(), b"\x91" * 900 + b"\x01", MSGPACK, InvalidInput) == message


def test_one_long_text_among_many_short_ones_takes_little_memory():
    body = json.dumps(["a" * 100_000] + [""] * 100_000).encode()
    assert refusal(ArrayAdapter(), body, error=InvalidInput).startswith("expected a number at [0], got the text 'aaa")


@pytest.mark.parametrize("shape", [(None, 2), (None, 3, 4)])
def test_an_empty_list_has_no_rows(shape):
    assert read(ArrayAdapter(shape, "int8"), b"[]").shape == (0, *shape[1:])


def test_an_empty_list_is_not_an_array_of_a_fixed_shape():
    assert refusal(ArrayAdapter((2, 2)), b"[]") == "expected an array of shape (2, 2), got (0,)"
    assert refusal(ArrayAdapter((2,)), b"[]") == "expected an array of shape (2,), got (0,)"


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }"


def npy_of(header, data=bytes(16), version=b"\x01\x00"):
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header.encode("latin-1") + data


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        "{'descr':'<f8','fortran_order':False,'shape':(1,2)}\n",
        "{ 'shape' : ( 1 , 2, ) , 'fortran_order' : False , 'descr' : '<f8' }",
    ],
)
def test_headers_of_other_writers_are_read(header):
    assert read(rows, npy_of(header), NPY).shape == (1, 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not a .npy file of version 1, 2 or 3"),
        (b"\x93NUMPX\x01\x00\x00\x00", "the body is not a .npy file of version 1, 2 or 3"),
        (npy_of(HEADER, version=b"\x04\x00"), "the body is not a .npy file of version 1, 2 or 3"),
        (npy_of(HEADER, bytes(15)), "an array of <f8 and shape (1, 2) takes 16 bytes, got 15"),
        (npy_of(HEADER, bytes(17)), "an array of <f8 and shape (1, 2) takes 16 bytes, got 17"),
        (npy_of(HEADER)[:30], "the header of the .npy file declares 59 bytes: expected at most 4096, all in the body"),
        (npy_of(" " * 5000), "the header of the .npy file declares 5000 bytes: expected at most 4096, all in the body"),
        (npy_of("\xe9"), "the header of the .npy file is not ASCII text"),
        (npy_of("__import__('os')"), "\"__import__('os')\" is not a header of a .npy file of numbers"),
        (npy_of(HEADER.replace("False", "'no'")), "\"{'descr': '<...e': (1, 2), }\" is not a header of a .npy file of numbers"),
        (npy_of(HEADER.replace("'descr'", "'shape'")), "\"{'shape': '<...e': (1, 2), }\" is not a header of a .npy file of numbers"),
        (
            npy_of(HEADER.replace("<f8", "|O")),
            "'|O' is not a dtype that is read here: expected booleans, integers or floats, such as '<f4'",
        ),
        (
            npy_of(HEADER.replace("<f8", "<U9")),
            "'<U9' is not a dtype that is read here: expected booleans, integers or floats, such as '<f4'",
        ),
        (npy_of(HEADER.replace("(1, 2)", f"({10**15},)")), "[1000000000000000] is not a shape: expected at most 32 whole numbers"),
        (npy_of(HEADER.replace("(1, 2)", f"({'1,' * 33})")), "[1, 1, 1, 1, 1, 1, ...] is not a shape: expected at most 32 whole numbers"),
        (npy_of(HEADER.replace("(1, 2)", "(65536, 65536)")), "an array of <f8 and shape (65536, 65536) takes 34359738368 bytes, got 16"),
    ],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_refused(body, message):
    assert refusal(rows, body, NPY) == message


@pytest.mark.parametrize("adapter", [ArrayAdapter(), ArrayAdapter((None, None, None), "f8")])
@pytest.mark.parametrize("shape", [(2**30, 0, 1), (0, 2**47, 2**47), (2**8, 0, 2**8 + 1)])
def test_an_array_without_numbers_has_a_bounded_number_of_rows(adapter, shape):
    """Otherwise a body of a hundred bytes would make an api answer a billion rows."""
    message = f"an array of shape {shape} holds no numbers: expected other sizes of at most 65536 in all"
    assert refusal(adapter, npy_of(HEADER.replace("(1, 2)", str(shape)), b""), NPY) == message
    assert refusal(adapter, packed(shape=list(shape), data=b""), MSGPACK) == message
    few = read(adapter, npy_of(HEADER.replace("(1, 2)", "(256, 0, 256)"), b""), NPY)
    assert few.shape == (256, 0, 256)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (packed(data=bytes(15)), "an array of <f8 and shape (1, 2) takes 16 bytes, got 15"),
        (packed(shape=[-1, 2]), "[-1, 2] is not a shape: expected at most 32 whole numbers"),
        (packed(shape=[True, 2]), "[True, 2] is not a shape: expected at most 32 whole numbers"),
        (packed(shape=["1", 2]), "['1', 2] is not a shape: expected at most 32 whole numbers"),
        (packed(dtype="O"), "'O' is not a dtype that is read here: expected booleans, integers or floats, such as '<f4'"),
        (packed(dtype=3), "3 is not a dtype that is read here: expected booleans, integers or floats, such as '<f4'"),
        (packed(data="text"), "expected a map with dtype, shape and data, such as {'dtype': '<f4', 'shape': [2, 3], 'data': 24 bytes}"),
        (packed(shape=2), "expected a map with dtype, shape and data, such as {'dtype': '<f4', 'shape': [2, 3], 'data': 24 bytes}"),
        (msgpack.packb([[b"a", 1]]), "expected a number at [0][0], got bytes"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused(body, message):
    assert refusal(rows, body, MSGPACK) == message


def test_raw_numbers_are_read_only_if_dtype_and_shape_are_declared():
    assert RAW in rows.media_types
    for adapter in (ArrayAdapter(), ArrayAdapter((None, 2)), ArrayAdapter(dtype="f4"), ArrayAdapter((None, None), "f4")):
        assert adapter.media_types == (JSON, MSGPACK, NPY)
        expected = f"'{RAW}' is not read here: expected one of application/json, application/msgpack, application/x-npy"
        assert refusal(adapter, bytes(16), RAW, UnsupportedMediaType) == expected
        with pytest.raises(UnsupportedMediaType) as error:
            adapter.encode(EXPECTED, RAW)
        assert str(error.value) == f"'{RAW}' needs an adapter with a dtype, and a shape with at most one None"


def test_raw_numbers_must_be_whole_rows():
    assert refusal(rows, bytes(17), RAW) == "expected a multiple of 16 bytes for float64 in the shape (n, 2), got 17"
    assert refusal(ArrayAdapter((2,), "int8"), bytes(3), RAW) == "expected a multiple of 2 bytes for int8 in the shape (2,), got 3"
    assert refusal(ArrayAdapter((2,), "|i1"), bytes(4), RAW) == "an array of |i1 and shape (2,) takes 2 bytes, got 4"
    assert read(ArrayAdapter((2, None), "<u2"), bytes(8), RAW).shape == (2, 2)


@pytest.mark.parametrize("media_type", [JSON, MSGPACK, NPY, RAW])
def test_an_answer_has_the_declared_dtype(media_type):
    body = rows.encode([[1, 2]], media_type)
    assert read(rows, body, media_type).tolist() == [[1.0, 2.0]]
    assert body in (b"[[1.0,2.0]]", rows.encode(np.array([[1, 2]], "float32"), media_type))


MASKED = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])


@pytest.mark.parametrize(
    "value", [MASKED, [*MASKED], MASKED.astype(int), MASKED.astype("float32")], ids=["floats", "list", "integers", "narrow"]
)
@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
@pytest.mark.parametrize("media_type", ["application/json", "application/msgpack", "application/x-npy"])
def test_masked_values_are_not_written(value, dtype, media_type):
    body = ArrayAdapter(dtype=dtype).encode(value, media_type)
    read_back = ArrayAdapter(dtype="float64", null="nan").decode(Payload(body, media_type))
    assert np.array_equal(read_back, [[1.0, np.nan], [3.0, 4.0]], equal_nan=True)


def test_a_masked_value_does_not_fit_an_integer_dtype():
    with pytest.raises(ValueError, match="fit") as error:
        ArrayAdapter(dtype="int8").encode(MASKED.astype(int), "application/json")
    limits = "a whole number from -128 to 127 for int8"
    assert str(error.value) == f"the result does not fit: expected {limits}, got nan at [0][1]"


def test_parts_of_a_masked_array_are_joined_with_their_masks():
    assert ArrayAdapter().encode(ArrayAdapter().join([MASKED[:1], MASKED[1:]]), "application/json") == b"[[1.0,null],[3.0,4.0]]"


def test_an_answer_of_bytes_is_little_endian_in_c_order():
    transposed = np.arange(4, dtype=">f8").reshape(2, 2).T
    assert rows.encode(transposed, RAW) == np.array([0, 2, 1, 3], "<f8").tobytes()
    assert msgpack.unpackb(rows.encode(transposed, MSGPACK)) == {
        "dtype": "<f8",
        "shape": [2, 2],
        "data": np.array([0, 2, 1, 3], "<f8").tobytes(),
    }
    assert np.load(io.BytesIO(rows.encode(transposed, NPY))).tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([[1e300, 1.0]], ValueError, "the result does not fit: expected a number in the range of float32, got 1e+300 at [0][0]"),
        ([["a", "b"]], TypeError, "expected a result of float32, got one of <U1"),
        (object(), TypeError, "expected a result of float32, got one of object"),
    ],
)
def test_a_result_that_the_declared_dtype_cannot_hold_is_not_the_clients_fault(value, error, message):
    with pytest.raises(error) as caught:
        ArrayAdapter((None, 2), "float32").encode(value, JSON)
    assert str(caught.value) == message
    assert not isinstance(caught.value, BadInput)


def test_a_result_of_another_shape_is_not_written_as_raw_numbers():
    with pytest.raises(ValueError, match="shape") as error:
        rows.encode(np.zeros((2, 3)), RAW)
    assert str(error.value) == "expected a result of shape (n, 2), got (2, 3)"


def test_arrays_of_texts_times_and_missing_numbers_can_be_answers():
    adapter = ArrayAdapter()
    assert adapter.encode(np.array([1.0, np.nan, np.inf]), JSON) == b"[1.0,null,null]"
    assert adapter.encode(np.array(["a"]), JSON) == b'["a"]'
    assert adapter.encode(np.array(["2026-01-02", "NaT"], "M8[D]"), JSON) == b'["2026-01-02",null]'
    assert msgpack.unpackb(adapter.encode(np.array(["a"]), MSGPACK)) == ["a"]
    assert adapter.encode(np.float32(0.5), JSON) == b"0.5"
    assert adapter.encode([[1, 2], [3, 4]], JSON) == b"[[1,2],[3,4]]"


def test_texts_are_not_written_as_bytes_of_numbers():
    with pytest.raises(TypeError) as error:
        ArrayAdapter().encode(np.array(["a"]), NPY)
    assert str(error.value) == "cannot write an array of <U1 as bytes: convert it to numbers of at most 64 bits"


def test_a_leading_none_means_rows():
    items = [np.zeros((2, 2)), np.ones((1, 2)), np.zeros((0, 2))]
    assert [rows.rows(item) for item in items] == [2, 1, 0]
    batch = rows.stack(items)
    assert batch.shape == (3, 2)
    assert [answer.tolist() for answer in rows.unstack(batch[:, 0], [2, 1, 0])] == [[0, 0], [1], []]


def test_one_request_is_not_copied_to_make_a_batch():
    item = np.zeros((2, 2))
    assert rows.stack([item]) is item


def test_without_a_leading_none_an_item_is_one_row():
    adapter = ArrayAdapter((2,))
    items = [np.zeros(2), np.ones(2)]
    assert [adapter.rows(item) for item in items] == [None, None]
    assert adapter.stack(items).tolist() == [[0, 0], [1, 1]]
    assert adapter.unstack([0.1, 0.9], [None, None]) == [0.1, 0.9]


def test_arrays_of_another_dtype_or_row_shape_are_in_another_group():
    adapter = ArrayAdapter((None, None))
    groups = {adapter.group(np.zeros(shape, dtype)) for shape in [(1, 2), (3, 2), (1, 3)] for dtype in ("f4", "f8")}
    assert len(groups) == 4
    one = ArrayAdapter()
    assert one.group(np.zeros((1, 2))) != one.group(np.zeros((3, 2)))


def test_the_schema_shows_shape_and_dtype():
    row = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    assert rows.schema() == {"type": "array", "items": row, "examples": [[[0.0, 0.0]]]}
    assert ArrayAdapter((1,), "int8").schema()["items"] == {"type": "integer", "minimum": -128, "maximum": 127}
    assert ArrayAdapter((1,), "int64").schema()["items"] == {"type": "integer"}
    assert ArrayAdapter((1,), "bool").schema()["examples"] == [[False]]
    assert ArrayAdapter().schema() == {"type": ["array", "number"], "examples": [[0.0]]}
    assert ArrayAdapter((None, 224, 224, 3)).schema()["examples"] == []
    assert ArrayAdapter((1,), null="nan").schema()["items"] == {"type": ["number", "null"]}
    assert ArrayAdapter(null="nan").schema()["type"] == ["array", "number", "null"]


def test_the_options_make_the_same_adapter():
    adapter = ArrayAdapter((None, 2), np.float32, example=[[1, 2]])
    assert adapter.options() == {"shape": [None, 2], "dtype": "float32", "example": [[1, 2]]}
    assert ArrayAdapter(**adapter.options()).options() == adapter.options()
    assert gaps.options() == {"shape": [None, 2], "null": "nan"}
    assert repr(ArrayAdapter(dtype="f4")) == "ArrayAdapter(dtype='float32')"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": 4}, "expected ArrayAdapter(shape=(None, 4)) with a size or None for each axis, got 4"),
        ({"shape": (-1, 4)}, "expected ArrayAdapter(shape=(None, 4)) with a size or None for each axis, got (-1, 4)"),
        ({"dtype": "number"}, "'number' is not a dtype: expected one of numbers or booleans, such as 'float32'"),
        ({"dtype": object}, "<class 'object'> cannot be read from a request: expected a dtype of numbers or booleans, such as 'float32'"),
        ({"dtype": "U5"}, "'U5' cannot be read from a request: expected a dtype of numbers or booleans, such as 'float32'"),
        ({"null": None}, "expected ArrayAdapter(null='refuse') or null='nan', got None"),
        ({"dtype": "int32", "null": "nan"}, "null='nan' needs a dtype of floats, got 'int32', which has no NaN"),
        ({"shape": (2,), "example": [1]}, "the example of ArrayAdapter does not fit: expected an array of shape (2,), got (1,)"),
    ],
)
def test_a_wrong_declaration_is_refused(arguments, message):
    with pytest.raises(DefinitionError) as error:
        ArrayAdapter(**arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("annotation", "dtype"),
    [(np.ndarray, None), (NDArray[np.float32], "float32"), (NDArray[Any], None), (NDArray[np.floating], None), (NDArray[np.str_], None)],
)
def test_arrays_are_claimed_by_type_hints(annotation, dtype):
    assert ArrayAdapter.for_annotation(annotation).options().get("dtype") == dtype


def test_only_arrays_are_claimed():
    assert ArrayAdapter.for_annotation(list) is None
    assert ArrayAdapter.for_annotation(np.float64) is None
    assert ArrayAdapter.for_value([1]) is None
    assert ArrayAdapter.for_value(np.float64(1)) is None
    assert isinstance(ArrayAdapter.for_value(np.zeros(1)), ArrayAdapter)


@pytest.mark.parametrize("media_type", [JSON, MSGPACK, NPY])
@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 1, 2), (3, 2, 1, 2), (3, 0), (3, 2, 0), (3, 40_000)])
@pytest.mark.parametrize("counts", [[1, 1, 1], [2, 1], [None] * 3])
def test_answers_of_any_shape_are_the_same_written_together_or_alone(shape, counts, media_type):
    result = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    together = ArrayAdapter().encode_all(result, counts, media_type)
    assert together == [ArrayAdapter().encode(part, media_type) for part in ArrayAdapter().unstack(result, counts)]


def test_nothing_else_refers_to_a_large_document_while_it_is_freed():
    """If another name referred to it, its objects would be freed all at once, and all other requests would wait for that."""
    references = []

    def watch(frame, event, _):
        if event == "call" and frame.f_code.co_name == "release":
            references.append(sys.getrefcount(frame.f_locals["values"][0]))

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        ArrayAdapter(shape=(None, 2)).decode(Payload.of(b"[" + b"[1.0,2.0]," * 50_000 + b"[1.0,2.0]]", "application/json"))
    finally:
        sys.setprofile(before)
    assert references == [2]  # the list that is emptied, and the argument of getrefcount
