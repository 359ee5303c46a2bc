"""Reading a manifest of any format number ever released."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

from ... import __version__
from ...errors import BundleError
from ...plain import shortened
from .checks import FieldError
from .manifest import FORMAT, Manifest
from .paths import MANIFEST

MAX_MANIFEST: Final = 64 << 20
"""No manifest is larger, in bytes: some 300,000 files."""

_MAX_VALUES: Final = 4_000_000
"""No manifest has more values: a file full of empty lists would take 25 times its size when parsed."""

READERS: Final[Mapping[int, Callable[[object], Manifest]]] = MappingProxyType({1: Manifest.read})
"""The reader of each format, which returns today's Manifest; the number of a released format stays for ever."""

_CORE: Final = re.compile(r"bento-core==([0-9][0-9A-Za-z.]{0,30})")


def read_manifest(content: bytes) -> Manifest:
    """The manifest in the bytes of a `bento.json`; any fault is a BundleError that says where it is."""
    if len(content) > MAX_MANIFEST:
        raise BundleError(f"{MANIFEST}: expected at most {MAX_MANIFEST} bytes, got more")
    if sum(map(content.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise BundleError(f"{MANIFEST}: expected at most {_MAX_VALUES} values, got more")
    document = _parse(content)
    try:
        return _reader(document)(document)
    except FieldError as error:
        raise BundleError(f"{MANIFEST}: {error}") from None


def _parse(content: bytes) -> object:
    try:
        return json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{MANIFEST} is not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the field {shortened(name)} is there twice")
        found[name] = value
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _reader(document: object) -> Callable[[object], Manifest]:
    if not isinstance(document, dict):
        raise FieldError("an object", document)
    number = document.get("format")
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise FieldError("the number of a format", number, ".format")
    if number not in READERS:
        readable = f"format {FORMAT} or older, which bento-core {__version__} reads"
        raise BundleError(f"{MANIFEST}: expected {readable}, got {shortened(number)} - at $.format: pip install {_newer(document)}")
    return READERS[number]


def _newer(document: Mapping[str, object]) -> str:
    """The bento-core to install: at least the version that wrote the manifest, if the manifest pins it in the usual form."""
    requirements = document.get("requirements")
    named = [_CORE.fullmatch(text) for text in requirements if isinstance(text, str)] if isinstance(requirements, list) else []
    return next((f"'bento-core>={match[1]}'" for match in named if match), "--upgrade bento-core")
