"""Text and bytes, raw or as the only file of a form."""

from __future__ import annotations

import copy

import pytest

from bento import BadInput, InvalidInput, Payload, UnsupportedMediaType
from bento.adapters import BytesAdapter, File, TextAdapter

FORM = "multipart/form-data; boundary=b"
text, files = TextAdapter(), BytesAdapter()


def part(disposition, data, *headers):
    return b"--b\r\n" + "\r\n".join([f"Content-Disposition: form-data; {disposition}", *headers, "", ""]).encode() + data + b"\r\n"


def form(*parts):
    return Payload.of(b"".join([*parts, b"--b--\r\n"]), FORM)


@pytest.mark.parametrize("content_type", ["", "text/plain", "text/csv", "text/plain; charset=utf-8"])
def test_text_is_read_from_any_type_of_text(content_type):
    assert text.decode(Payload.of("gr\u00fcn".encode(), content_type)) == "gr\u00fcn"


def test_a_text_is_read_in_the_charset_that_its_sender_named():
    assert text.decode(Payload.of("grün".encode("cp1252"), "text/plain; charset=windows-1252")) == "grün"


def test_a_text_is_read_from_the_only_file_of_a_form_in_the_charset_of_that_file():
    body = form(
        part('name="x"', b"ignored"),
        part('name="y"; filename="a.txt"', "grün".encode("latin-1"), "Content-Type: text/plain; charset=latin-1"),
    )
    assert text.decode(body) == "grün"


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed; boundary=b"])
def test_text_is_not_read_from_other_types(content_type):
    with pytest.raises(UnsupportedMediaType, match="is not read here: expected"):
        text.decode(Payload.of(b"a", content_type))


@pytest.mark.parametrize("adapter", [text, files])
@pytest.mark.parametrize(
    "parts", [(), (part('name="a"', b"1"),), (part('name="a"; filename="a"', b"1"), part('name="b"; filename="b"', b"2"))]
)
def test_a_form_without_exactly_one_file_is_refused(adapter, parts):
    with pytest.raises(InvalidInput) as error:
        adapter.decode(form(*parts))
    count = 2 if len(parts) == 2 else 0
    assert str(error.value) == f"expected a form with one file, got {count} files: a part counts as a file only with a filename"


def test_bytes_are_read_from_any_media_type_which_they_keep_with_the_file_name():
    file = files.decode(Payload(b"\x00\xff", "image/png", {}, "a.png"))
    assert (file, file.name, file.media_type) == (b"\x00\xff", "a.png", "image/png")


def test_bytes_are_read_from_the_only_file_of_a_form():
    file = files.decode(form(part('name="any"; filename="C:\\fakepath\\a.png"', b"\r\n--\xff", "Content-Type: image/png")))
    assert (file, file.name, file.media_type) == (b"\r\n--\xff", "a.png", "image/png")


def test_other_multipart_types_are_read_as_bytes():
    assert files.decode(Payload(b"--b--", "multipart/mixed")) == b"--b--"


def test_a_file_keeps_its_name_when_it_is_copied():
    file = copy.deepcopy(File(b"a", "a.txt", "text/plain"))
    assert (file, file.name, file.media_type) == (b"a", "a.txt", "text/plain")


def test_texts_are_written_in_utf8_with_that_charset_in_the_content_type():
    assert text.encode("grün", "text/plain") == "grün".encode()
    assert text.content_type("text/plain", b"") == "text/plain; charset=utf-8"


@pytest.mark.parametrize("value", [b"a", bytearray(b"a"), memoryview(b"a"), File(b"a", "a.txt")])
def test_bytes_of_any_type_can_be_an_answer(value):
    body = files.encode(value, "application/octet-stream")
    assert (body, type(body)) == (b"a", bytes)


def test_an_answer_of_another_type_is_refused():
    with pytest.raises(TypeError) as error:
        text.encode(b"a", "text/plain")
    assert str(error.value) == "expected a text as the answer, got a value of type 'bytes'"
    with pytest.raises(TypeError) as error:
        files.encode(5, "application/octet-stream")
    assert str(error.value) == "expected bytes as the answer, got a value of type 'int'"


def test_an_answer_with_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError, match="surrogates"):
        text.encode("\ud800", "text/plain")


def test_the_type_of_a_hint_or_value_chooses_between_text_and_bytes():
    assert isinstance(TextAdapter.for_annotation(str), TextAdapter)
    assert TextAdapter.for_annotation(bytes) is None
    assert TextAdapter.for_value(b"a") is None
    assert isinstance(BytesAdapter.for_annotation(File), BytesAdapter)
    assert isinstance(BytesAdapter.for_annotation(bytes), BytesAdapter)
    assert BytesAdapter.for_annotation(str) is None
    assert BytesAdapter.for_value("a") is None


def test_a_text_may_have_an_example():
    assert TextAdapter(example="a rose").schema() == {"type": "string", "examples": ["a rose"]}
    assert TextAdapter(example="a rose").options() == {"example": "a rose"}
    assert text.options() == {}


def test_a_malformed_form_is_bad_input():
    with pytest.raises(BadInput) as error:
        files.decode(Payload.of(b"--c--", FORM))
    assert str(error.value) == "the form does not begin with its boundary"
