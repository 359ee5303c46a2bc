"""Services that take and give images: over HTTP, on the command line, and the example."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import numpy as np
import PIL.Image
import pytest

import bento
from bento.adapters import JsonAdapter
from bento_image import ImageAdapter
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/digits.py"


class Photos(bento.Service):
    """Look at photos."""

    @bento.api(input=ImageAdapter(), output=JsonAdapter(), batch=True)
    def brightness(self, photos):
        return photos.mean(axis=(1, 2, 3)).round()

    @bento.api(input=ImageAdapter(), output=ImageAdapter(), batch=True)
    def mirror(self, photos):
        return photos[:, :, ::-1]

    @bento.api
    def tilt(self, photo: PIL.Image.Image):
        return photo.rotate(90, expand=True)


@pytest.fixture
def post():
    async def send(requests):
        app = bento.app(Photos())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            answers = await asyncio.gather(*(client.post(**request) for request in requests))
        await app.lifecycle.stop()
        return answers

    return lambda *requests: asyncio.run(send(requests))


def test_photos_of_one_shape_share_a_call_and_each_gets_its_own_answer(post, write):
    bodies = [write(np.full((4, 4 + level % 2, 3), level, np.uint8)) for level in range(30)]
    answers = post(*({"url": "/brightness", "content": body} for body in bodies))
    assert [answer.json() for answer in answers] == list(range(30))


def test_only_the_damaged_photo_of_a_batch_is_refused(post, write):
    good, bad = write(np.full((4, 4, 3), 7, np.uint8)), write(np.zeros((4, 4, 3), np.uint8))[:-5]
    answers = post(*({"url": "/brightness", "content": body} for body in (good, bad, good)))
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert answers[1].json()["detail"] == "the PNG file is damaged: it ends too early"


@pytest.mark.parametrize(
    ("accept", "expected"), [("*/*", "image/png"), ("image/jpeg", "image/jpeg"), ("image/webp,*/*;q=0.1", "image/webp")]
)
def test_the_answer_is_of_the_type_that_is_accepted(post, picture, write, accept, expected):
    (answer,) = post({"url": "/mirror", "content": write(picture), "headers": {"accept": accept}})
    assert answer.headers["content-type"] == expected
    mirrored = ImageAdapter().decode(bento.Payload.of(answer.content)).astype(int)
    assert np.abs(mirrored - picture[:, ::-1]).mean() < 4


def test_type_hints_and_answers_of_pillows_need_no_adapter(post, picture, write):
    (answer,) = post({"url": "/tilt", "files": {"photo": ("a.png", write(picture))}})
    assert np.array_equal(ImageAdapter().decode(bento.Payload.of(answer.content)), np.rot90(picture))


def test_a_photo_that_is_too_large_is_413_and_another_format_415(post, write):
    huge = write(PIL.Image.new("1", (8000, 8000)))
    answers = post({"url": "/tilt", "content": huge}, {"url": "/tilt", "content": b"GIF89a"}, {"url": "/tilt", "json": [1]})
    assert [answer.status_code for answer in answers] == [413, 415, 415]


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_reads_a_digit(run, tmp_path):
    assert "saved digits:" in run(sys.executable, EXAMPLE)
    assert run(BENTO, "run", "digits", "read", "--input-file", "seven.png") == "7\n"
    run(BENTO, "run", "digits", "look", "--input-file", "seven.png", "--output", "large.png")
    assert ImageAdapter().decode(bento.Payload.of((tmp_path / "large.png").read_bytes())).shape == (128, 128, 3)
    (tmp_path / "seven.png").rename(tmp_path / "seven.gif")
    assert "expected a file whose name ends in" in run.refused(BENTO, "run", "digits", "read", "--input-file", "seven.gif")


def test_a_bundle_requires_the_plugin(run):
    run(sys.executable, EXAMPLE)
    shown = run(sys.executable, "-c", "import bento; print(*bento.Store().get('digits').manifest.requirements, sep='\\n')")
    assert {line.partition("==")[0] for line in shown.split()} >= {"bento-image", "bento-sklearn", "scikit-learn"}


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_image; bento_image.ImageAdapter(); print([name for name in ('PIL', 'numpy') if name in sys.modules])"
    assert run(sys.executable, "-c", script) == "[]\n"
