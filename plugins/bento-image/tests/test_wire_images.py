"""Every form in which clients of BentoML 0.13 send images is read, through every transport."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bento import Payload
from bento_image import ImageAdapter
from lambdas import body_of
from transports import COMPRESSIONS, FORM, Http, Lambda, LambdaBalanced, LambdaRest, Refused, Sent, each_transport, form, reach_of

APP = '''
import bento
from bento.adapters import JsonAdapter, MultipartAdapter
from bento_image import ImageAdapter


class Pictures(bento.Service):
    """Say what was understood of a picture."""

    @bento.api(input=ImageAdapter(), output=JsonAdapter(), batch=True)
    def seen(self, images):
        return [[*image.shape, str(image.dtype), image.mean(axis=(0, 1)).round()] for image in images]

    @bento.api(input=ImageAdapter(mode="L"), output=JsonAdapter())
    def grey(self, image):
        return [*image.shape, image.mean().round()]

    @bento.api(input=MultipartAdapter(image=ImageAdapter(), annotations=JsonAdapter(), optional=["annotations"]), output=JsonAdapter())
    def annotated(self, form):
        return [*form["image"].shape, form["annotations"]]

    @bento.api(input=MultipartAdapter(photo=ImageAdapter(), boxes=JsonAdapter()), output=JsonAdapter())
    def named(self, form):
        return [*form["photo"].shape, form["boxes"]]

    @bento.api(input=ImageAdapter(max_pixels=1000), output=ImageAdapter())
    def upside_down(self, image):
        return image[::-1]


service = Pictures()
'''


reach = reach_of(APP)
transport = each_transport()


@pytest.fixture
def seen(picture):
    """The description of the picture."""
    return [24, 40, 3, "uint8", picture.mean(axis=(0, 1)).round().tolist()]


def test_raw_bytes_are_known_by_their_content(transport, picture, write, seen, format):
    *shape, colours = transport.value(Sent("seen", write(picture, format, quality=95)))
    assert (shape, colours) == (seen[:4], pytest.approx(seen[4], abs=3))


@pytest.mark.parametrize("media_type", ["image/png", "image/x-unheard-of", "application/octet-stream"])
def test_the_content_type_does_not_matter(transport, picture, write, seen, media_type):
    assert transport.value(Sent("seen", write(picture), media_type)) == seen


@pytest.mark.parametrize(("field", "filename"), [("image", "photo.png"), ("anything", "PHOTO.JPG"), ("file", "photo")])
def test_an_image_may_be_the_only_file_of_a_form_under_any_name(transport, picture, write, seen, field, filename):
    body = form(("note", None, None, b"a text"), (field, filename, "image/png", write(picture)))
    assert transport.value(Sent("seen", body, FORM)) == seen


def test_grey_has_no_channels(transport, picture, write):
    assert transport.value(Sent("grey", write(picture))) == [
        24,
        40,
        ImageAdapter(mode="L").decode(Payload.of(write(picture))).mean().round(),
    ]


def test_an_annotated_image_is_a_form_of_two_parts(transport, picture, write):
    image = ("image", "a.png", "image/png", write(picture))
    both = form(("annotations", "a.json", "application/json", b'{"box": [1, 2]}'), image, ("debug", None, None, b"1"))
    assert transport.value(Sent("annotated", both, FORM)) == [24, 40, 3, {"box": [1, 2]}]
    assert transport.value(Sent("annotated", form(image), FORM)) == [24, 40, 3, None]


def test_the_names_of_the_two_parts_of_a_form_can_be_set(transport, picture, write):
    body = form(("photo", "a.png", None, write(picture)), ("boxes", "b.json", "application/octet-stream", b"[]"))
    assert transport.value(Sent("named", body, FORM)) == [24, 40, 3, []]


def test_an_answer_is_an_image_file(transport, picture, write):
    answer = transport.ask(Sent("upside_down", write(picture)))
    assert np.array_equal(ImageAdapter().decode(Payload.of(answer)), picture[::-1])


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
def test_a_compressed_or_chunked_upload_is_read_like_a_plain_one(reach, picture, write, seen, compression, chunked):
    body = COMPRESSIONS[compression](write(picture, "BMP"))
    pieces = (body[at : at + 999] for at in range(0, len(body), 999)) if chunked else body
    answer = reach(Http).post(Sent("seen", b""), pieces, **{"content-encoding": compression.partition(" ")[0]})
    assert (answer.status_code, answer.json()) == (200, seen)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("kind", [Lambda, LambdaRest, LambdaBalanced])
def test_a_compressed_body_of_an_event_is_read_like_a_plain_one(reach, picture, write, seen, kind, compression):
    encoding = {"content-encoding": compression.partition(" ")[0]}
    answer = reach(kind).post(Sent("seen", b""), COMPRESSIONS[compression](write(picture, "BMP")), **encoding)
    assert (answer["statusCode"], json.loads(body_of(answer))) == (200, seen)


REFUSED = {
    "another extension": (lambda png: Sent("seen", form(("f", "a.gif", None, png)), FORM), 422, "expected a file whose name ends in"),
    "two files": (lambda png: Sent("seen", form(("f", "a.png", None, png), ("g", "b.png", None, png)), FORM), 422, "got 2 files"),
    "a form without a file": (lambda png: Sent("seen", form(("f", None, None, png)), FORM), 422, "got 0 files"),
    "no image part": (lambda png: Sent("annotated", form(("other", "a.png", None, png)), FORM), 422, "no part named 'image'"),
    "cut off": (lambda png: Sent("seen", png[:-5], "image/png"), 400, "it ends too early"),
    "no image": (lambda _: Sent("seen", b"GIF89a\x01\0\x01\0\0\0\0", "image/png"), 415, "expected a JPEG, PNG, WebP, BMP or TIFF file"),
    "another content type": (lambda png: Sent("seen", png, "application/json"), 415, "'application/json'"),
    "a pickle": (lambda _: Sent("seen", b"\x80\x04N.", "application/octet-stream"), 415, "expected a JPEG, PNG, WebP, BMP or TIFF file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_request_is_refused_without_a_traceback(transport, picture, write, name):
    sent, status, said = REFUSED[name]
    with pytest.raises(Refused, match=said) as refused:
        transport.ask(sent(write(picture)))
    assert refused.value.status in (status, None)
    assert "Traceback" not in str(refused.value)


def test_a_picture_with_too_many_pixels_is_refused(transport, write):
    with pytest.raises(Refused, match="the image has 40 x 30 pixels: expected at most 1000") as refused:
        transport.ask(Sent("upside_down", write(np.zeros((30, 40, 3), np.uint8))))
    assert refused.value.status in (413, None)
