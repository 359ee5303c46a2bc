"""How pixels are read: colours, depth, range, orientation and size."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bento import InvalidInput, Payload
from bento_image import ImageAdapter, PilImageAdapter

RED, BLUE = (255, 0, 0), (0, 0, 255)
TURNS = {
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.transpose(1, 0, 2),
    6: lambda shown: np.rot90(shown, 1),
    7: lambda shown: shown[::-1, ::-1].transpose(1, 0, 2),
    8: lambda shown: np.rot90(shown, -1),
}
"""How a picture is stored whose EXIF orientation makes it upright again."""


def decode(body, *args, **options):
    return ImageAdapter(*args, **options).decode(Payload.of(body))


def oriented(number):
    exif = PIL.Image.Exif()
    exif[0x0112] = number
    return exif


@pytest.mark.parametrize("number", TURNS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_turned_picture_is_upright(picture, write, kind, number):
    options = {"lossless": True} if kind == "WEBP" else {}
    body = write(TURNS[number](picture), kind, exif=oriented(number), **options)
    assert np.array_equal(decode(body), picture)
    assert np.array_equal(np.asarray(PilImageAdapter().decode(Payload.of(body))), picture)


@pytest.mark.parametrize("number", TURNS)
def test_a_turned_photo_is_upright(picture, write, number):
    value = decode(write(TURNS[number](picture), "JPEG", exif=oriented(number), quality=95))
    assert value.shape == picture.shape
    assert np.abs(value.astype(int) - picture).mean() < 3


def test_an_image_that_pillow_has_turned_is_not_turned_twice(picture, write):
    image = PilImageAdapter().decode(Payload.of(write(TURNS[6](picture), exif=oriented(6))))
    assert (image.info, dict(image.getexif())) == ({}, {})


@pytest.mark.parametrize("number", [0, 9, 255, 65535])
def test_an_invalid_orientation_is_ignored(picture, write, number):
    assert np.array_equal(decode(write(picture, exif=oriented(number))), picture)


def test_a_picture_with_a_palette_is_read_as_its_colours(write):
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "BMP", "TIFF"):
        assert decode(write(image, kind)).tolist() == [[[*RED], [*BLUE]]]


@pytest.mark.parametrize("transparency", [0, b"\x00\x80"])
def test_a_transparent_palette_is_read_as_colours_and_as_alpha_if_asked_for(write, transparency):
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    body = write(image, transparency=transparency)
    assert decode(body).tolist() == [[[*RED], [*BLUE]]]
    assert decode(body, "RGBA").tolist() == [[[*RED, 0], [*BLUE, 255 if transparency == 0 else 128]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_alpha_is_dropped_if_it_is_not_asked_for(write, kind):
    body = write(PIL.Image.new("RGBA", (1, 1), (9, 8, 7, 0)), kind)
    assert decode(body).tolist() == [[[9, 8, 7]]]
    assert decode(body, "RGBA").tolist() == [[[9, 8, 7, 0]]]
    assert decode(write(PIL.Image.new("LA", (1, 1), (9, 0)), kind), "L").tolist() == [[9]]


def test_one_transparent_colour_is_read_as_alpha_if_asked_for(write):
    body = write(PIL.Image.new("RGB", (1, 1), RED), transparency=RED)
    assert decode(body, "RGBA").tolist() == [[[*RED, 0]]]
    assert decode(body).tolist() == [[[*RED]]]
    assert decode(body, "L").tolist() == [[76]]


def test_opaque_pictures_have_full_alpha(picture, write):
    assert decode(write(picture), "RGBA")[:, :, 3].tolist() == np.full((24, 40), 255).tolist()


def test_black_and_white_is_grey(write):
    body = write(PIL.Image.fromarray(np.array([[True, False]])))
    assert decode(body, "L").tolist() == [[255, 0]]
    assert decode(body).tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_converted_without_a_profile(write, kind):
    body = write(PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0)), kind)
    assert np.abs(decode(body)[0, 0].astype(int) - RED).max() <= 3


@pytest.mark.parametrize(("mode", "name"), [("F", "floating-point numbers"), ("I", "32-bit integers")])
def test_a_picture_whose_mode_has_no_white_is_refused(write, mode, name):
    with pytest.raises(InvalidInput) as error:
        decode(write(PIL.Image.new(mode, (2, 2)), "TIFF"))
    assert str(error.value) == f"the image has pixels of {name}, which have no white: expected at most 16 bits"


def test_colours_that_pillow_does_not_convert_are_refused(write):
    with pytest.raises(InvalidInput) as error:
        decode(write(PIL.Image.new("LAB", (2, 2)), "TIFF"), "L")
    assert str(error.value) == "the image has the colours LAB, which cannot become L: convert it before it is sent"


DEEP = np.array([[0, 128, 129, 257], [32768, 65406, 65407, 65535]], dtype=np.uint16)


def big_endian(array):
    file = io.BytesIO()
    PIL.Image.frombytes("I;16B", array.shape[::-1], array.astype(">u2").tobytes()).save(file, "TIFF")
    return file.getvalue()


@pytest.mark.parametrize("encode", ["PNG", "TIFF", big_endian])
def test_sixteen_bits_of_grey_are_scaled_to_eight_and_never_cut_off(write, encode):
    body = encode(DEEP) if callable(encode) else write(DEEP, encode)
    assert decode(body, "L").tolist() == [[0, 0, 1, 1], [128, 254, 255, 255]]
    assert decode(body)[:, :, 1].tolist() == [[0, 0, 1, 1], [128, 254, 255, 255]]
    assert np.asarray(PilImageAdapter("L").decode(Payload.of(body))).tolist() == [[0, 0, 1, 1], [128, 254, 255, 255]]


@pytest.mark.parametrize("encode", ["PNG", "TIFF", big_endian])
def test_sixteen_bits_of_grey_are_kept_if_the_dtype_has_room(write, encode):
    body = encode(DEEP) if callable(encode) else write(DEEP, encode)
    assert np.array_equal(decode(body, "L", dtype="uint16"), DEEP)
    assert np.array_equal(decode(body, "L", dtype="float64"), DEEP / 65535)
    assert decode(body, "L", dtype="float32").dtype == np.float32


def test_sixteen_bits_of_grey_are_kept_when_resizing(write):
    smaller = decode(write(np.full((6, 4), 1000, np.uint16)), "L", (2, 3), "uint16")
    assert smaller.tolist() == [[1000] * 3] * 2
    steep = decode(write(np.repeat([[0, 65535]], 8, axis=0).astype(np.uint16)), "L", (8, 16), "uint16")
    assert (steep.min(), steep.max()) == (0, 65535)


@pytest.mark.parametrize(
    ("dtype", "black", "white", "middle"),
    [("uint8", 0, 255, 51), ("uint16", 0, 65535, 51 * 257), ("float32", 0, 1, 0.2), ("float64", 0, 1, 0.2)],
)
def test_white_is_the_largest_value_of_the_dtype_or_one(write, dtype, black, white, middle):
    value = decode(write(np.array([[0, 255, 51]], np.uint8)), "L", dtype=dtype)
    assert value.dtype == dtype
    np.testing.assert_array_equal(value, np.array([[black, white, middle]], dtype))


def test_channels_come_first_if_asked_for(picture, write):
    assert np.array_equal(decode(write(picture), layout="CHW"), picture.transpose(2, 0, 1))
    assert decode(write(picture), "L", layout="CHW").shape == (24, 40)


@given(st.integers(1, 30), st.integers(1, 30))
def test_any_size_can_be_asked_for(height, width):
    file = io.BytesIO()
    PIL.Image.new("RGB", (7, 5), RED).save(file, "PNG")
    value = decode(file.getvalue(), size=(height, width))
    assert value.shape == (height, width, 3)
    assert (value == RED).all()


def test_resizing_is_what_pillow_does(picture, write):
    expected = np.asarray(PIL.Image.fromarray(picture).resize((10, 6)))
    assert np.array_equal(decode(write(picture), size=(6, 10)), expected)
    assert np.array_equal(np.asarray(PilImageAdapter(size=(6, 10)).decode(Payload.of(write(picture)))), expected)


def test_resizing_leaves_no_stripes(write):
    """Every second column is white, so a picture a fourth as large has to be grey instead of black or white."""
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    smaller = decode(write(stripes), "L", (16, 16)).astype(int)
    assert np.abs(smaller[:, 2:-2] - 128).max() <= 2
