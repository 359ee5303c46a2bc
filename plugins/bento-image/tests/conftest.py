"""Pictures, and image files made from them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from bento import Payload

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "bmp": "BMP", "tiff": "TIFF"}


def written(image: Any, format: str = "PNG", **options: Any) -> bytes:
    """An image or array as Pillow writes it."""
    file = io.BytesIO()
    image = image if isinstance(image, PIL.Image.Image) else PIL.Image.fromarray(np.asarray(image))
    image.save(file, format, **options)
    return file.getvalue()


def in_a_form(*parts: tuple[str, str | None, bytes]) -> Payload:
    """A form as curl sends one, of parts (field, filename, data)."""
    lines = []
    for field, filename, data in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        lines += [b"--XyZ", f'Content-Disposition: form-data; name="{field}"{named}'.encode(), b"", data]
    return Payload.of(b"\r\n".join([*lines, b"--XyZ--", b""]), "multipart/form-data; boundary=XyZ")


@pytest.fixture
def write():
    return written


@pytest.fixture
def form():
    return in_a_form


@pytest.fixture(params=FORMATS)
def format(request) -> str:
    """One of the five formats, as Pillow names it."""
    return FORMATS[request.param]


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """A picture without symmetry whose colours change smoothly, so that JPEG keeps it nearly as it is: 24 high, 40 wide."""
    y, x = np.mgrid[0:24, 0:40]
    return np.stack([x * 6, y * 10, (x + y) * 3 + 20], axis=2).astype(np.uint8)
