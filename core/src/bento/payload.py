"""Payloads: what an adapter reads, on every transport."""

from __future__ import annotations

import encodings
import re
from collections.abc import Mapping
from encodings.aliases import aliases
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from .errors import BadInput, UnsupportedMediaType

ReadableBuffer = bytes | bytearray | memoryview

UTF8 = frozenset({"utf-8", "utf8"})
"""The names that clients use for UTF-8, in lower case."""

_CHARSET = frozenset({"charset"})
_LONGEST, _SHOWN = 1024, 40
# Source: RFC 9110, sections 5.6.2 (token), 5.6.4 (quoted-string) and 8.3.1 (media type).
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}")
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_WORD})=("(?:[^"\\]|\\.)*"|{_WORD}))?')
_ESCAPE = re.compile(r"\\(.)")
# Python's own notations, which are not character sets; decoding a megabyte of the first takes minutes.
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape"})
# Python keeps every name that it has ever looked up, so names from outside are looked up here first. Some have no alias.
_UNALIASED = "cp1006 cp720 cp737 cp856 cp874 cp875 koi8_t koi8_u mac_arabic mac_croatian mac_farsi mac_romanian utf_8_sig"
_CHARSETS = frozenset({*aliases, *aliases.values(), *_UNALIASED.split()}) - _NO_CHARSETS
_UTF7 = frozenset({"utf_7", *(name for name, codec in aliases.items() if codec == "utf_7")})


class Payload(NamedTuple):
    """A body and what is known about it: one HTTP body, one part of a form, one file or one command-line argument.

    `media_type` is in lower case and without parameters, or empty if the sender named none; the names in `parameters` are in lower case.
    `headers` are those of the request that the adapter names in `request_headers`, by lower-case name.
    """

    # A NamedTuple, because one is made for every request: a frozen dataclass would take three times as long.
    data: ReadableBuffer
    media_type: str = ""
    parameters: Mapping[str, str] = MappingProxyType({})
    filename: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, data: ReadableBuffer, content_type: str = "", filename: str | None = None) -> Payload:
        """A payload from a body and its Content-Type header; a header that is not a media type is a BadInput."""
        media_type, parameters = parse_content_type(content_type)
        return cls(data, media_type, parameters, filename)

    @property
    def content_type(self) -> str:
        """The Content-Type header for the media type and the parameters."""
        parameters = (f"{name}={value if re.fullmatch(_WORD, value) else quoted(value)}" for name, value in self.parameters.items())
        return "; ".join([self.media_type, *parameters])

    def text(self) -> str:
        """The body as text, in the charset that the sender named, UTF-8 by default; BadInput or UnsupportedMediaType if that fails."""
        charset = self.parameters.get("charset", "utf-8")
        try:
            name = encodings.normalize_encoding(charset).lower()
            if name not in _CHARSETS:
                raise LookupError(charset)
            text = str(self.data, charset)
            if name in _UTF7:
                text.encode()  # UTF-7 alone can hold half a surrogate, which no encoding could write again
        except UnicodeError as error:
            raise BadInput(f"the body is not {charset} text: {error}") from error
        except (LookupError, ValueError) as error:
            raise UnsupportedMediaType(f"unknown charset {charset!r}") from error
        return text


def says_utf8(parameters: Mapping[str, str]) -> bool:
    """Whether the parameters only say that a body is UTF-8, which text and JSON are by default."""
    return parameters.keys() == _CHARSET and parameters["charset"].lower() in UTF8


def quoted(text: str) -> str:
    """A text as a quoted-string of a header, whatever is in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@lru_cache(maxsize=1024)
def parse_content_type(header: str) -> tuple[str, Mapping[str, str]]:
    """Split `Text/CSV; charset="utf-8"` into `("text/csv", {"charset": "utf-8"})`; an empty header gives `("", {})`."""
    # A result is cached, and takes some thirty times the memory of its header, so headers are limited; an error is not cached.
    if len(header) > _LONGEST:
        raise BadInput(f"{header[:_SHOWN]!r}... is not a content type: it has {len(header)} characters, expected at most {_LONGEST}")
    header = header.strip()
    if not header:
        return "", MappingProxyType({})
    found = _MEDIA_TYPE.match(header)
    if found is None:
        raise BadInput(f"{header!r} is not a content type: expected one like 'application/json'")
    return found[0].lower(), MappingProxyType(_parse_parameters(header, found.end()))


def _parse_parameters(header: str, position: int) -> dict[str, str]:
    parameters: dict[str, str] = {}
    while position < len(header):
        found = _PARAMETER.match(header, position)
        if found is None:
            raise BadInput(f"{header!r} is not a content type: cannot read {header[position:]!r}")
        position = found.end()
        if found[1]:
            value = _ESCAPE.sub(r"\1", found[2][1:-1]) if found[2].startswith('"') else found[2]
            parameters.setdefault(found[1].lower(), value)
    return parameters
