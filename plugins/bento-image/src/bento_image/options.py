"""The options of the adapters, checked when an adapter is made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bento import DefinitionError

EXTENSIONS = (".bmp", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MAX_PIXELS = 1 << 25
"""About 33 million pixels: a frame of 8K video, or 100 MB as RGB."""
QUALITY = 90


def checked_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """The value as one of `choices`; it may also be a dtype with that name."""
    text = value if isinstance(value, str) else getattr(value, "name", getattr(value, "__name__", None))
    if text not in choices:
        raise DefinitionError(f"expected {name}= one of {', '.join(map(repr, choices))}, got {value!r}")
    return str(text)


def checked_size(size: Any) -> tuple[int, int] | None:
    """The value as a height and a width in pixels, or None."""
    if size is None:
        return None
    if not isinstance(size, list | tuple) or len(size) != 2 or not all(type(side) is int and side > 0 for side in size):  # noqa: PLR2004
        raise DefinitionError(f"expected size=(height, width) in pixels, got {size!r}")
    return size[0], size[1]


def checked_extensions(extensions: Collection[str] | None) -> tuple[str, ...]:
    """The extensions in lower case, sorted; by default those of all formats that are read."""
    if extensions is None:
        return EXTENSIONS
    if isinstance(extensions, str) or not all(isinstance(text, str) and text.startswith(".") for text in extensions):
        raise DefinitionError(f"expected extensions=['.jpg', '.png'] or the like, got {extensions!r}")
    return tuple(sorted({text.lower() for text in extensions}))


def checked_number(name: str, value: object, largest: int) -> int:
    """The value, if it is a whole number from 1 to `largest`."""
    if type(value) is not int or not 1 <= value <= largest:
        raise DefinitionError(f"expected {name}= a whole number from 1 to {largest}, got {value!r}")
    return value
