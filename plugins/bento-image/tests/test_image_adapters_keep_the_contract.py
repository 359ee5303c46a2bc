"""Both adapters, through the kit that any adapter is tested with."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bento import Payload
from bento.testing import AdapterTests
from bento_image import ImageAdapter, PilImageAdapter
from bento_image.checks import TestImageAdapter, TestPilImageAdapter

__all__ = ["TestImageAdapter", "TestPilImageAdapter"]

SIDES = st.integers(1, 5)
LOSSLESS = ("image/png", "image/webp", "application/octet-stream", "image/*", "multipart/*")


def arrays(*channels, dtype="uint8"):
    return st.tuples(SIDES, SIDES).flatmap(lambda size: hnp.arrays(dtype, (*size, *channels)))


class LosslessImageAdapter(ImageAdapter):
    """Without JPEG, which changes every value."""

    media_types = LOSSLESS


class LosslessPilImageAdapter(PilImageAdapter):
    media_types = LOSSLESS


class TestColours(AdapterTests):
    adapter = LosslessImageAdapter()

    def values(self):
        return arrays(3)


class TestAlpha(AdapterTests):
    adapter = LosslessImageAdapter("RGBA", max_pixels=1000, quality=50, extensions=[".png"])

    def values(self):
        return arrays(4)


class TestGrey(AdapterTests):
    adapter = LosslessImageAdapter("L")

    def values(self):
        return arrays()


class TestChannelsFirst(AdapterTests):
    adapter = LosslessImageAdapter(dtype="float32", layout="CHW")

    def values(self):
        return arrays(3).map(lambda array: np.ascontiguousarray(array.transpose(2, 0, 1)).astype("float32") / np.float32(255))


class TestSixteenBits(AdapterTests):
    """Only PNG can hold them."""

    adapter = type("Grey16Adapter", (ImageAdapter,), {"media_types": ("image/png",)})("L", dtype="uint16")

    def values(self):
        return arrays(dtype="uint16")


class TestOneSize(AdapterTests):
    adapter = LosslessImageAdapter(size=(3, 2))

    def values(self):
        return hnp.arrays("uint8", (3, 2, 3))


class TestPillow(AdapterTests):
    adapter = LosslessPilImageAdapter()

    def values(self):
        return arrays(3).map(PIL.Image.fromarray)


@pytest.mark.parametrize("value", [np.zeros((9, 7, 3), np.uint8), np.full((2, 3, 3), 255, np.uint8)])
def test_a_picture_of_one_colour_is_unchanged_in_every_format(value):
    adapter = ImageAdapter()
    for media_type in adapter.media_types[:4]:
        assert np.array_equal(adapter.decode(Payload(adapter.encode(value, media_type), media_type)), value)
