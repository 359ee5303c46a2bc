"""Content-Type headers, as senders write them."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from bento import BadInput, Payload, UnsupportedMediaType
from bento.payload import parse_content_type

WORDS = st.from_regex(r"[!#$%&'*+.^_`|~0-9a-z-]+", fullmatch=True)
VALUES = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]))


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(WORDS, WORDS, st.dictionaries(WORDS, VALUES))
def test_reading_a_header_undoes_writing_it(kind, subtype, parameters):
    header = "; ".join([f"{kind}/{subtype}", *(f"{name}={quoted(value)}" for name, value in parameters.items())])
    assert parse_content_type(header) == (f"{kind}/{subtype}", parameters)


@given(st.text())
def test_any_header_is_read_or_is_bad_input(header):
    with suppress(BadInput):
        media_type, _ = parse_content_type(header)
        assert media_type == media_type.lower()


@given(st.binary(), st.text())
def test_any_body_in_any_charset_is_text_or_bad_input(body, charset):
    with suppress(BadInput):
        assert isinstance(Payload(body, "text/plain", {"charset": charset}).text(), str)


@given(st.text(), st.sampled_from(["utf-8", "utf-16", "utf-32", "UTF8"]))
def test_text_comes_back_in_the_charset_it_was_written_in(text, charset):
    with suppress(UnicodeEncodeError):
        assert Payload(text.encode(charset), "text/plain", {"charset": charset}).text() == text


@given(st.text(min_size=1))
def test_a_codec_that_does_not_make_text_is_refused_as_a_charset(text):
    for codec in ("rot13", "hex", "zlib", "base64"):
        with suppress(UnsupportedMediaType):
            Payload(text.encode(errors="replace"), "text/plain", {"charset": codec}).text()
            raise AssertionError(f"{codec} was taken for a charset")
