"""Payloads: a body and what is known of it."""

from __future__ import annotations

import encodings

import pytest

from bento import BadInput, Payload, UnsupportedMediaType


@pytest.mark.parametrize("header", ["text/plain", 'text/csv; charset=latin-1; header="a b"', 'a/b; x="\\"\\\\"'])
def test_the_content_type_of_a_payload_says_what_was_sent(header):
    assert Payload.of(b"", header).content_type == header


def test_the_media_type_is_lower_case_and_apart_from_its_parameters():
    payload = Payload.of(b"a,b", 'Text/CSV ; Charset="latin-1"; header=present', "rows.csv")
    assert payload == Payload(b"a,b", "text/csv", {"charset": "latin-1", "header": "present"}, "rows.csv")


def test_a_sender_need_not_name_a_media_type():
    assert Payload.of(b"{}") == Payload(b"{}", "", {}, None)


def test_the_first_of_two_equal_parameters_counts():
    assert Payload.of(b"", "text/plain; charset=utf-8; charset=latin-1").parameters == {"charset": "utf-8"}


def test_empty_parameters_are_skipped():
    assert Payload.of(b"", "text/plain;; charset=utf-8;").parameters == {"charset": "utf-8"}


def test_text_is_utf_8_unless_its_sender_says_otherwise():
    assert Payload("naïve".encode()).text() == "naïve"
    assert Payload.of(b"na\xefve", "text/plain; charset=latin-1").text() == "naïve"


def test_text_is_read_from_any_kind_of_buffer():
    assert {Payload(kind(b"bento")).text() for kind in (bytes, bytearray, memoryview)} == {"bento"}


@pytest.mark.parametrize("charset", ["utf-7", "U7"])
def test_half_a_surrogate_pair_is_refused_in_any_charset(charset):
    assert Payload.of(b"+2D3eqQ-", f"text/plain; charset={charset}").text() == "\U0001f6a9"
    with pytest.raises(BadInput) as refusal:
        Payload.of(b"+2AA-", f"text/plain; charset={charset}").text()
    assert str(refusal.value).startswith(f"the body is not {charset} text: ")


@pytest.mark.parametrize("header", ["json", "text/", "/csv", "text/csv text/plain", "text/csv; charset", "text/csv, text/plain"])
def test_an_invalid_content_type_is_bad_input(header):
    with pytest.raises(BadInput, match="is not a content type"):
        Payload.of(b"", header)


def test_the_error_for_an_invalid_content_type_shows_a_valid_one():
    with pytest.raises(BadInput) as refusal:
        Payload.of(b"", "json")
    assert str(refusal.value) == "'json' is not a content type: expected one like 'application/json'"


def test_the_error_for_an_invalid_parameter_shows_the_place_of_the_fault():
    with pytest.raises(BadInput) as refusal:
        Payload.of(b"", 'text/csv; charset="utf-8')
    assert str(refusal.value) == "'text/csv; charset=\"utf-8' is not a content type: cannot read 'charset=\"utf-8'"


def test_bytes_that_are_not_text_in_their_charset_are_bad_input():
    with pytest.raises(BadInput) as refusal:
        Payload(b"na\xefve").text()
    assert str(refusal.value) == "the body is not utf-8 text: 'utf-8' codec can't decode byte 0xef in position 2: invalid continuation byte"
    assert type(refusal.value) is BadInput


@pytest.mark.parametrize("charset", ["klingon", "rot13", "a\0b", "", "zlib", "punycode", "idna", "unicode-escape", "raw_unicode_escape"])
def test_an_unknown_charset_is_an_unsupported_media_type(charset):
    with pytest.raises(UnsupportedMediaType) as refusal:
        Payload(b"text", "text/plain", {"charset": charset}).text()
    assert str(refusal.value) == f"unknown charset {charset!r}"


def test_unknown_charsets_do_not_fill_the_codec_cache():
    before = len(encodings._cache)
    for number in range(100):
        with pytest.raises(UnsupportedMediaType):
            Payload(b"", "text/plain", {"charset": f"made-up-{number}"}).text()
    assert len(encodings._cache) == before


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "latin-1", "ISO-8859-15", "cp1252", "windows-1252", "shift_jis", "KOI8-U"])
def test_every_charset_that_python_has_is_read(charset):
    assert Payload("a".encode(charset), "text/plain", {"charset": charset}).text() == "a"
