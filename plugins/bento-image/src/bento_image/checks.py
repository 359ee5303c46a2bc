"""The tests of `bento plugins image --check`: the kit's tests for both adapters, in every format that they write."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bento.testing import AdapterTests

from .adapter import ImageAdapter, PilImageAdapter

_COLOURS = st.tuples(*[st.integers(0, 100)] * 3)


class PictureTests(AdapterTests):
    """Smooth pictures, which JPEG changes only slightly."""

    def same(self, one: Any, other: Any) -> bool:
        import numpy as np

        one, other = np.asarray(one), np.asarray(other)
        return bool(one.shape == other.shape and one.dtype == other.dtype and np.abs(one.astype(int) - other).mean() < 3)  # noqa: PLR2004


class TestImageAdapter(PictureTests):
    """Arrays of (height, width, 3)."""

    adapter = ImageAdapter()

    def values(self) -> Any:
        return _COLOURS.map(_smooth)


class TestPilImageAdapter(PictureTests):
    """Pillow images."""

    adapter = PilImageAdapter()

    def values(self) -> Any:
        import PIL.Image

        return _COLOURS.map(_smooth).map(PIL.Image.fromarray)


def _smooth(colour: tuple[int, int, int]) -> Any:
    import numpy as np

    y, x = np.mgrid[0:16, 0:24]
    return (np.stack([x, y, x + y], axis=2) * 3 + colour).astype("uint8")
