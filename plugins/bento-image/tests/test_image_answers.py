"""Answers as image files: PNG, WebP or JPEG, whichever the client accepts."""

from __future__ import annotations

import io
import re

import numpy as np
import PIL.Image
import pytest

from bento import Payload
from bento_image import ImageAdapter, PilImageAdapter

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
BOTH = pytest.mark.parametrize("adapter", [ImageAdapter(), PilImageAdapter()], ids=["array", "pillow"])


def opened(body):
    image = PIL.Image.open(io.BytesIO(body))
    image.load()
    return image


def pixels(body):
    return np.asarray(opened(body))


def refuses(kind, adapter, value, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        adapter.encode(value, PNG)


@BOTH
@pytest.mark.parametrize(("media_type", "format"), [(PNG, "PNG"), (JPEG, "JPEG"), (WEBP, "WEBP"), ("application/octet-stream", "PNG")])
def test_an_array_or_image_is_written_as_a_file_of_the_accepted_type(picture, adapter, media_type, format):
    bodies = {adapter.encode(value, media_type) for value in (picture, PIL.Image.fromarray(picture))}
    assert len(bodies) == 1
    image = opened(bodies.pop())
    assert (image.format, image.size) == (format, (40, 24))


@BOTH
@pytest.mark.parametrize("media_type", [PNG, WEBP])
def test_png_and_webp_lose_nothing(picture, adapter, media_type):
    assert np.array_equal(pixels(adapter.encode(picture, media_type)), picture)


def test_the_quality_option_sets_the_quality_of_jpeg(picture):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    sizes = [len(ImageAdapter(quality=quality).encode(noise, JPEG)) for quality in (10, 90, 100)]
    assert sizes == sorted(sizes)
    assert np.abs(pixels(ImageAdapter().encode(picture, JPEG)).astype(int) - picture).mean() < 4


@pytest.mark.parametrize("media_type", [PNG, WEBP])
def test_alpha_is_written(media_type):
    value = np.array([[[9, 8, 7, 0], [1, 2, 3, 128]]], np.uint8)
    assert np.array_equal(pixels(ImageAdapter().encode(value, media_type)), value)


def test_alpha_is_dropped_in_a_jpeg():
    image = opened(ImageAdapter().encode(np.full((8, 8, 4), 200, np.uint8), JPEG))
    assert image.mode == "RGB"
    assert image.getpixel((4, 4)) == (200, 200, 200)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[0, 255]]), [[0, 255]]),
        (np.array([[0, 255]], np.int16), [[0, 255]]),
        (np.array([[0.0, 1.0]]), [[0, 255]]),
        (np.array([[0.2, 0.5]], np.float32), [[51, 128]]),
        ([[0, 255]], [[0, 255]]),
        (np.array([[[7]]], np.uint8), [[7]]),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_numbers_of_any_dtype_are_pixels(value, expected):
    assert pixels(ImageAdapter().encode(value, PNG)).tolist() == expected


def test_sixteen_bits_of_grey_are_kept_in_a_png_and_rounded_elsewhere():
    value = np.array([[0, 128, 129, 65535]] * 8, np.uint16)
    image = opened(ImageAdapter().encode(value, PNG))
    assert (image.mode, np.asarray(image).tolist()) == ("I;16", value.tolist())
    assert pixels(ImageAdapter().encode(value, WEBP))[0, :, 0].tolist() == [0, 0, 1, 255]
    assert opened(ImageAdapter().encode(value, JPEG)).mode == "L"
    assert pixels(ImageAdapter().encode(np.array([[[0, 129, 65535]]], np.uint16), PNG)).tolist() == [[[0, 1, 255]]]


def test_answers_have_their_channels_first_if_inputs_do(picture):
    adapter = ImageAdapter(layout="CHW")
    assert np.array_equal(pixels(adapter.encode(picture.transpose(2, 0, 1), PNG)), picture)
    assert pixels(adapter.encode(np.zeros((1, 5, 4)), PNG)).shape == (5, 4)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "RGBX", "RGBa"])
@pytest.mark.parametrize("media_type", [PNG, JPEG, WEBP])
def test_every_mode_of_pillows_is_written(mode, media_type):
    assert opened(PilImageAdapter().encode(PIL.Image.new(mode, (3, 2)), media_type)).size == (3, 2)


def test_a_palette_is_written_as_one_with_its_transparency():
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.info["transparency"] = 0
    assert opened(PilImageAdapter().encode(image, PNG)).convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 0)
    assert opened(PilImageAdapter().encode(image, WEBP)).convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 0)
    assert opened(PilImageAdapter().encode(image, JPEG)).mode == "RGB"


@pytest.mark.parametrize(
    ("layout", "shape"),
    [("HWC", shape) for shape in [(), (3,), (4, 5, 2), (3, 4, 5), (1, 4, 5, 3), (0, 3), (3, 0, 3)]]
    + [("CHW", shape) for shape in [(), (3,), (2, 4, 5), (5, 4, 3), (1, 3, 4, 5), (3, 0, 3)]],
)
def test_an_array_that_is_not_an_image_is_refused(shape, layout):
    expected = "expected an image of shape (height, width)"
    axes = "(channels, height, width)" if layout == "CHW" else "(height, width, channels)"
    refuses(ValueError, ImageAdapter(layout=layout), np.zeros(shape, np.uint8), f"{expected} or {axes} with 3 or 4 channels, got {shape}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([[0.5, 1.5]]), "expected an image of float64 from 0 to 1, got values from 0.5 to 1.5"),
        (np.array([[0.5, np.nan]]), "expected an image of float64 from 0 to 1, got values from nan to nan"),
        (np.array([[0.5, np.inf]], "f4"), "expected an image of float32 from 0 to 1, got values from 0.5 to inf"),
        (np.array([[-1, 255]]), "expected an image of int64 from 0 to 255, got values from -1 to 255"),
        (np.array([[0, 256]], "u4"), "expected an image of uint32 from 0 to 255, got values from 0 to 256"),
    ],
)
def test_values_that_are_not_pixels_are_refused(value, message):
    refuses(ValueError, ImageAdapter(), value, message)


@pytest.mark.parametrize("value", [object(), "a.png", None, b"\x89PNG", {"a": 1}, np.array(["a"]), np.array([1j])])
def test_a_value_that_is_not_an_image_is_refused(value):
    kind = type(value).__name__
    message = f"expected an image as the answer, an array or one of Pillow's, got a value of type {kind!r}"
    refuses(TypeError, ImageAdapter(), value, message)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_an_image_of_measurements_is_refused(mode):
    message = f"an image of mode {mode!r} has no white: return one of mode 'L', 'I;16' or 'RGB'"
    refuses(ValueError, PilImageAdapter(), PIL.Image.new(mode, (2, 2)), message)


def test_an_image_that_its_format_cannot_hold_is_refused():
    with pytest.raises(ValueError, match=r"^the image cannot be written as WEBP: "):
        ImageAdapter().encode(np.zeros((1, 20_000), np.uint8), WEBP)


def test_a_batch_of_answers_is_cut_into_one_for_each_request(picture):
    adapter = ImageAdapter()
    batch = np.stack([picture, picture[::-1]])
    first, second = adapter.unstack(batch, [None, None])
    assert np.array_equal(first, picture)
    assert np.array_equal(second, picture[::-1])
    assert adapter.decode(Payload.of(adapter.encode(second, PNG), PNG)).tolist() == picture[::-1].tolist()
