"""Every form and format in which clients of BentoML 0.13 send images is read."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest

from bento import BadInput, DefinitionError, InvalidInput, Payload, UnsupportedMediaType
from bento.adapters import JsonAdapter, MultipartAdapter
from bento_image import ImageAdapter, PilImageAdapter


def refusal(kind, adapter, payload):
    with pytest.raises(BadInput) as error:
        adapter.decode(payload)
    assert type(error.value) is kind
    return str(error.value)


def test_a_raw_body_is_an_array_of_height_width_and_three_colours(picture, write, format):
    value = ImageAdapter().decode(Payload.of(write(picture, format, quality=95)))
    assert (value.shape, value.dtype) == ((24, 40, 3), np.uint8)
    assert np.abs(value.astype(int) - picture).mean() < (3 if format in ("JPEG", "WEBP") else 0.001)


def test_grey_is_an_array_of_height_and_width(picture, write):
    value = ImageAdapter(mode="L").decode(Payload.of(write(picture)))
    assert (value.shape, value.dtype) == ((24, 40), np.uint8)
    assert np.array_equal(value, np.asarray(PIL.Image.fromarray(picture).convert("L")))


@pytest.mark.parametrize("media_type", ["", "image/png", "image/jpeg", "image/x-unheard-of", "application/octet-stream"])
def test_the_content_decides_and_not_the_content_type(picture, write, format, media_type):
    assert ImageAdapter().decode(Payload.of(write(picture, format), media_type)).shape == (24, 40, 3)


@pytest.mark.parametrize("field", ["file", "image", "anything"])
def test_an_image_may_be_the_only_file_of_a_form_under_any_name(picture, write, form, field):
    payload = form(("note", None, b"a text"), (field, "photo.PNG", write(picture)))
    assert np.array_equal(ImageAdapter().decode(payload), picture)


def test_a_form_with_two_files_is_refused(picture, write, form):
    file = write(picture)
    message = refusal(InvalidInput, ImageAdapter(), form(("a", "a.png", file), ("b", "b.png", file)))
    assert message == "expected a form with one file, got 2 files: a part counts as a file only with a filename"


@pytest.mark.parametrize("filename", ["a.jpg", "a.JPG", "a.Jpeg", "a.webp", "a.bmp", "a.tif", "a.TIFF", "a.b.png", "blob", "jpg", ".png"])
def test_the_extension_of_a_name_is_checked_without_regard_to_case(picture, write, form, filename):
    assert ImageAdapter().decode(form(("f", filename, write(picture)))).shape == (24, 40, 3)


@pytest.mark.parametrize("filename", ["a.gif", "a.png.exe", "a.svg"])
def test_a_name_with_another_extension_is_refused(picture, write, form, filename):
    expected = ".bmp, .jfif, .jpe, .jpeg, .jpg, .png, .tif, .tiff, .webp"
    message = f"expected a file whose name ends in {expected}, got {filename!r}"
    assert refusal(InvalidInput, ImageAdapter(), form(("f", filename, write(picture)))) == message


def test_the_extensions_can_be_chosen(picture, write):
    adapter = ImageAdapter(extensions=[".PNG", ".dat"])
    assert adapter.decode(Payload(write(picture), filename="a.DAT")).shape == (24, 40, 3)
    message = refusal(InvalidInput, adapter, Payload(write(picture), filename="a.jpg"))
    assert message == "expected a file whose name ends in .dat, .png, got 'a.jpg'"


def test_a_body_without_a_name_has_no_extension_to_check(picture, write):
    assert ImageAdapter(extensions=[".jpg"]).decode(Payload.of(write(picture))).shape == (24, 40, 3)


def test_an_annotated_image_is_a_form_of_two_parts(picture, write, form):
    adapter = MultipartAdapter(image=ImageAdapter(), annotations=JsonAdapter(), optional=["annotations"])
    value = adapter.decode(form(("image", "a.png", write(picture)), ("annotations", "a.json", b'{"box": [1, 2]}')))
    assert (value["image"].shape, value["annotations"]) == ((24, 40, 3), {"box": [1, 2]})
    assert adapter.decode(form(("image", "a.png", write(picture))))["annotations"] is None
    assert adapter.costly


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "video/mp4"])
def test_other_content_types_are_refused(picture, write, media_type):
    message = refusal(UnsupportedMediaType, ImageAdapter(), Payload.of(write(picture), media_type))
    assert message == f"{media_type!r} is not read here: expected an image, or a form with one file"


@pytest.mark.parametrize("body", [b"", b"BAD", b"\xff\xd8", b"GIF89a\x01\0\x01\0\0\0\0", b"<svg/>", b"%PDF-1.7", b"RIFF\x04\0\0\0WAVE"])
def test_a_body_in_none_of_the_five_formats_is_refused(body):
    message = refusal(UnsupportedMediaType, ImageAdapter(), Payload.of(body, "image/png"))
    assert message == "the body is not an image that is read here: expected a JPEG, PNG, WebP, BMP or TIFF file"


def test_other_formats_that_pillow_reads_are_refused(picture, write):
    for format in ("GIF", "PPM", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS", "EPS"):
        refusal(UnsupportedMediaType, ImageAdapter(), Payload.of(write(picture, format)))


def test_a_photo_with_a_preview_is_read_as_its_first_picture(picture, write):
    photo = write(picture, "MPO", save_all=True, append_images=[PIL.Image.fromarray(picture[:8, :8])], quality=95)
    assert PIL.Image.open(io.BytesIO(photo)).format == "MPO"
    assert ImageAdapter().decode(Payload.of(photo)).shape == (24, 40, 3)


def test_an_array_can_be_changed_in_place(picture, write):
    for adapter in (ImageAdapter(), ImageAdapter("L"), ImageAdapter(layout="CHW"), ImageAdapter("L", dtype="float32")):
        value = adapter.decode(Payload.of(write(picture)))
        assert value.flags.writeable
        assert value.flags.c_contiguous


def test_images_of_one_shape_are_one_batch(picture):
    adapter = ImageAdapter()
    other = picture[::-1]
    assert adapter.group(picture) == adapter.group(other) != adapter.group(picture[1:])
    assert adapter.stack([picture, other]).shape == (2, 24, 40, 3)
    assert [adapter.rows(picture), PilImageAdapter().rows(PIL.Image.fromarray(picture))] == [None, None]


def test_a_batch_of_pillows_images_is_a_list():
    images = [PIL.Image.new("RGB", size) for size in ((1, 2), (3, 4))]
    assert PilImageAdapter().stack(images) == images


def test_only_images_of_pillow_are_claimed(picture):
    image = PIL.Image.fromarray(picture)
    assert isinstance(PilImageAdapter.for_annotation(PIL.Image.Image), PilImageAdapter)
    assert isinstance(PilImageAdapter.for_value(image), PilImageAdapter)
    assert [PilImageAdapter.for_annotation(kind) for kind in (np.ndarray, bytes, PIL.Image)] == [None] * 3
    assert PilImageAdapter.for_value(picture) is ImageAdapter.for_value(picture) is ImageAdapter.for_value(image) is None
    assert ImageAdapter.for_annotation(np.ndarray) is None


def test_the_options_that_are_not_the_default_are_remembered():
    assert ImageAdapter().options() == {}
    adapter = ImageAdapter("L", (2, 3), np.float32, "CHW", extensions=[".png"], max_pixels=9, quality=1)
    assert adapter.options() == {
        "mode": "L",
        "size": [2, 3],
        "extensions": [".png"],
        "max_pixels": 9,
        "quality": 1,
        "dtype": "float32",
        "layout": "CHW",
    }
    assert PilImageAdapter("RGBA").options() == {"mode": "RGBA"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "CMYK"}, "expected mode= one of 'L', 'RGB', 'RGBA', got 'CMYK'"),
        ({"dtype": "int8"}, "expected dtype= one of 'uint8', 'uint16', 'float32', 'float64', got 'int8'"),
        ({"layout": "WHC"}, "expected layout= one of 'HWC', 'CHW', got 'WHC'"),
        ({"size": (0, 3)}, "expected size=(height, width) in pixels, got (0, 3)"),
        ({"size": 3}, "expected size=(height, width) in pixels, got 3"),
        ({"size": (1, 2, 3)}, "expected size=(height, width) in pixels, got (1, 2, 3)"),
        ({"size": (1.5, 2)}, "expected size=(height, width) in pixels, got (1.5, 2)"),
        ({"extensions": ".png"}, "expected extensions=['.jpg', '.png'] or the like, got '.png'"),
        ({"extensions": ["png"]}, "expected extensions=['.jpg', '.png'] or the like, got ['png']"),
        ({"quality": 101}, "expected quality= a whole number from 1 to 100, got 101"),
    ],
)
def test_an_invalid_option_is_refused(options, message):
    with pytest.raises(DefinitionError) as error:
        ImageAdapter(**options)
    assert str(error.value) == message
