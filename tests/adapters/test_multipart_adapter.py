"""Forms of named parts: each part with its own adapter, and everything that can be wrong with a form."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from bento import BadInput, DefinitionError, InvalidInput, Payload, TooLarge, UnsupportedMediaType
from bento.adapters import ArrayAdapter, BytesAdapter, File, JsonAdapter, MultipartAdapter, TextAdapter

FORM = "multipart/form-data"
adapter = MultipartAdapter(image=BytesAdapter(), notes=JsonAdapter(), optional=["notes"])


def part(disposition, data=b"x", *headers):
    return b"--b\r\n" + "\r\n".join([f"Content-Disposition: form-data; {disposition}", *headers, "", ""]).encode() + data + b"\r\n"


def form(*parts, end=b"--b--\r\n"):
    return Payload(b"".join([*parts, end]), FORM, {"boundary": "b"})


def refusal(payload, error=BadInput, reader=adapter):
    with pytest.raises(error) as caught:
        reader.decode(payload)
    assert caught.type is error
    return str(caught.value)


IMAGE = part('name="image"; filename="a.png"', b"\x89PNG\r\n", "Content-Type: image/png")


def test_each_part_is_read_by_its_own_adapter():
    value = adapter.decode(form(part('name="notes"', b'{"a": 1}', "Content-Type: application/json"), IMAGE))
    assert value == {"image": b"\x89PNG\r\n", "notes": {"a": 1}}
    assert (value["image"].name, value["image"].media_type) == ("a.png", "image/png")


def test_an_optional_part_that_was_not_sent_is_none():
    assert adapter.decode(form(IMAGE))["notes"] is None


def test_a_file_field_that_was_left_empty_counts_as_not_sent():
    empty = part('name="notes"; filename=""', b"", "Content-Type: application/octet-stream")
    assert adapter.decode(form(IMAGE, empty))["notes"] is None


def test_parts_of_other_names_are_ignored():
    assert adapter.decode(form(part('name="more"', b"\xff"), IMAGE, part('name="more"'))).keys() == {"image", "notes"}


def test_a_part_that_is_missing_is_named():
    assert refusal(form(), InvalidInput) == "the form has no part named 'image'"


def test_two_parts_of_one_name_are_refused():
    assert refusal(form(IMAGE, IMAGE), InvalidInput) == "the form has two parts named 'image': expected one"


@pytest.mark.parametrize(
    "content_type", [(), ("Content-Type: application/octet-stream",), ("Content-Type: text/plain",), ("Content-Type:",)]
)
def test_a_part_of_no_specific_type_is_read_as_the_first_media_type_of_its_adapter(content_type):
    assert adapter.decode(form(IMAGE, part('name="notes"', b"[1]", *content_type)))["notes"] == [1]


def test_the_charset_of_a_part_is_honoured():
    notes = part('name="notes"', '"é"'.encode("latin-1"), "content-type: text/plain; charset=latin-1")
    assert adapter.decode(form(IMAGE, notes))["notes"] == "é"


@pytest.mark.parametrize(
    ("notes", "error", "message"),
    [
        (part('name="notes"', b"<a>", "Content-Type: text/xml"), UnsupportedMediaType,
         "part 'notes': does not read 'text/xml': expected one of application/json, application/msgpack, application/x-msgpack"),
        (part('name="notes"', b""), BadInput,
         "part 'notes': the body is not JSON: Input is a zero-length, empty document: line 1 column 1 (char 0)"),
        (part('name="notes"', b"1", "Content-Type: json"), BadInput,
         "part 'notes': 'json' is not a content type: expected one like 'application/json'"),
    ],
)  # fmt: skip
def test_a_fault_in_a_part_is_refused_with_the_name_of_the_part(notes, error, message):
    assert refusal(form(IMAGE, notes), error) == message


def test_an_error_of_a_parts_adapter_keeps_its_class_even_if_its_constructor_differs():
    class TooManyPixels(InvalidInput):
        def __init__(self, pixels):
            super().__init__(f"{pixels} pixels")

    class PixelAdapter(BytesAdapter):
        def decode(self, payload):
            raise TooManyPixels(10)

    assert refusal(form(IMAGE), InvalidInput, MultipartAdapter(image=PixelAdapter())) == "part 'image': 10 pixels"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('name="image"; filename="a b.png"', "a b.png"),
        ("name=image; filename=a.png", "a.png"),
        ('NAME="image" ; FileName="a.png" ;', "a.png"),
        ('name="image"; filename="a\\"b\\\\c;d.png"', "c;d.png"),
        ('name="image"; filename="grün.png"', "grün.png"),
        ('name="image"; filename="../../etc/passwd"', "passwd"),
        ('name="image"; filename="C:\\dir\\a.png"', "a.png"),
        ('name="image"; filename=".."', ""),
        ("name=image; filename*=UTF-8''gr%C3%BCn%2Fb.png", "b.png"),
        ("name=image; filename*=iso-8859-1'de'gr%FCn.png", "grün.png"),
        ('name="image"; filename="plain.png"; filename*=utf-8\'\'other.png', "plain.png"),
        ('name="image"; filename="first.png"; filename="second.png"', "first.png"),
        ('name="image"', ""),
    ],
)
def test_the_name_of_a_file_is_read_without_its_folders(disposition, name):
    assert adapter.decode(form(part(disposition)))["image"].name == name


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the form does not begin with its boundary"),
        (b"preamble\r\n--b--", "the form does not begin with its boundary"),
        (b"--b", "a boundary of the form is not followed by a line end (CRLF)"),
        (b"--b\n\n", "a boundary of the form is not followed by a line end (CRLF)"),
        (b"--bb\r\n\r\n", "a boundary of the form is not followed by a line end (CRLF)"),
        (b"--b\r\nContent-Dis", "the form is cut off: its last boundary is missing"),
        (IMAGE[:-2], "the form is cut off: its last boundary is missing"),
        (IMAGE, "the form is cut off: its last boundary is missing"),
        (b"--b\r\n\r\n\r\nx\r\n\r\n\r\n--b--", "'' is not a header of a part, or is given twice"),
        (b"--b\r\nA\r\n\r\nx\r\n--b--", "'A' is not a header of a part, or is given twice"),
        (b"--b\r\nA: 1\r\n folded\r\n\r\nx\r\n--b--", "' folded' is not a header of a part, or is given twice"),
        (b"--b\r\nA: 1\r\na: 2\r\n\r\nx\r\n--b--", "'a: 2' is not a header of a part, or is given twice"),
        (b"--b\r\nA: \x00\r\n\r\nx\r\n--b--", "'A: \\x00' is not a header of a part, or is given twice"),
        (b"--b\r\nA: \xff\r\n\r\nx\r\n--b--", "the headers of a part are not UTF-8 text"),
        (b"--b\r\nA: 1\r\n\r\nx\r\n--b--", "'' is not a disposition of a part: expected 'form-data; name=...'"),
        (b"--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
         "'attachment; name=a' is not a disposition of a part: expected 'form-data; name=...'"),
        (b"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
         "'form-data; name=\"a' is not a disposition of a part: cannot read '\"a'"),
        (b"--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--", "a part of the form has no name"),
        (part("filename=a"), "a part of the form has no name"),
        (part("name=image; filename*=a"), "cannot read filename*=a: expected utf-8''name"),
        (part("name=image; filename*=utf-7''a"), "cannot read filename*=utf-7''a: expected utf-8''name"),
    ],
)  # fmt: skip
def test_a_malformed_form_is_refused(body, message):
    end = b"" if body in (b"", IMAGE, IMAGE[:-2]) or not body.endswith(b"\r\n") else b"--b--"
    assert refusal(form(body, end=end)) == message


def test_a_part_in_base64_is_refused():
    body = form(part("name=image", b"eA==", "Content-Transfer-Encoding: base64"))
    assert refusal(body, UnsupportedMediaType) == "a part is encoded as 'base64': send its bytes as they are"
    assert adapter.decode(form(part("name=image", b"x", "Content-Transfer-Encoding: binary")))["image"] == b"x"


@pytest.mark.parametrize("boundary", ["", "ü", "a" * 71, "a ", "a\r\nb"])
def test_an_invalid_boundary_is_refused(boundary):
    message = refusal(Payload(b"--b--", FORM, {"boundary": boundary}))
    assert message == f"{boundary!r} is not a boundary of a form: send the content type 'multipart/form-data; boundary=...'"


def test_another_content_type_is_refused():
    message = refusal(Payload(b"{}", "application/json"), UnsupportedMediaType)
    assert message == "'application/json' is not read here: expected multipart/form-data"


def test_a_line_end_before_the_first_boundary_and_text_after_the_last_are_ignored():
    assert adapter.decode(form(b"\r\n", IMAGE, end=b"--b--\r\nepilogue\r\n--b\r\n"))["image"] == b"\x89PNG\r\n"
    assert adapter.decode(form(part("name=image", b"").replace(b"--b\r\n", b"--b \t\r\n", 1)))["image"] == b""


def test_text_like_a_boundary_inside_a_line_is_content():
    assert adapter.decode(form(part("name=image", b"a--b\r\n-\r\n--")))["image"] == b"a--b\r\n-\r\n--"


def test_at_most_a_thousand_parts_are_read():
    many = [part(f'name="p{number}"') for number in range(999)]
    assert adapter.decode(form(*many, IMAGE))["image"]
    assert refusal(form(*many, IMAGE, part("name=more")), TooLarge) == "the form has more than 1000 parts"


def test_the_headers_of_a_part_are_bounded():
    long = part("name=image", b"x", *(f"X-{number}: {'y' * 50}" for number in range(200)))
    assert refusal(form(long), TooLarge) == "the headers of a part are larger than 8192 bytes"


def request_of(value, writer=adapter):
    body = writer.encode(value, FORM)
    return Payload.of(body, writer.content_type(FORM, body))


def test_an_answer_that_was_written_is_read_back():
    value = adapter.decode(request_of({"image": File(b"\r\n--b--", 'a"b.png'), "notes": {"a": [1, None]}}))
    assert value == {"image": b"\r\n--b--", "notes": {"a": [1, None]}}
    assert value["image"].name == 'a"b.png'


def test_parts_are_written_with_their_type_and_charset():
    writer = MultipartAdapter(text=TextAdapter(), rows=ArrayAdapter())
    body = writer.encode({"text": "ü", "rows": np.zeros(1)}, FORM).decode()
    boundary = re.match(r"--([0-9a-f]{32})\r\n", body)[1]
    assert body == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="text"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nü\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="rows"\r\nContent-Type: application/json\r\n\r\n[0.0]\r\n--{boundary}--\r\n'
    )
    assert writer.content_type(FORM, body.encode()) == f"multipart/form-data; boundary={boundary}"


def test_the_boundary_occurs_in_no_part():
    """Even if a form is a part of another form."""
    first = adapter.encode({"image": b"a"}, FORM)
    again = request_of({"image": first})
    assert again.parameters["boundary"].encode() not in first
    assert adapter.decode(again)["image"] == first


def test_an_optional_part_that_is_none_is_not_written():
    assert b"notes" not in adapter.encode({"image": b"a", "notes": None}, FORM)
    everything = MultipartAdapter(notes=JsonAdapter(), optional="notes")
    assert everything.decode(request_of({}, everything)) == {"notes": None}


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([1], TypeError, "expected a dict of parts as the answer, got a value of type 'list'"),
        ({"notes": 1}, ValueError, "the answer has no part 'image'"),
        ({"image": b"", "more": 1, "other": 2}, ValueError, "the answer has the parts 'more', 'other': the form has image, notes"),
        ({"image": File(b"", "a\nb")}, ValueError, "'a\\nb' cannot be the name of a part or a file: it holds control characters"),
    ],
)
def test_an_answer_that_is_not_a_form_is_refused(value, error, message):
    with pytest.raises(error) as caught:
        adapter.encode(value, FORM)
    assert str(caught.value) == message


def test_the_schema_holds_the_schemas_of_the_parts():
    schema = adapter.schema()
    assert schema["required"] == ["image"]
    assert schema["properties"]["notes"] == JsonAdapter().schema()
    assert schema["examples"] == [{"image": "any bytes", "notes": {}}]


def test_the_manifest_remembers_the_parts():
    options = MultipartAdapter(rows=ArrayAdapter((None, 2)), notes=JsonAdapter(), optional=("notes",)).options()
    assert json.loads(json.dumps(options)) == {
        "parts": {"rows": {"adapter": "array", "options": {"shape": [None, 2]}}, "notes": {"adapter": "json", "options": {}}},
        "optional": ["notes"],
    }
    assert repr(adapter) == "MultipartAdapter(image=BytesAdapter(), notes=JsonAdapter(), optional=['notes'])"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "MultipartAdapter has no parts: name them, as in MultipartAdapter(image=BytesAdapter())"),
        ({"image": bytes}, "MultipartAdapter(image=<class 'bytes'>): expected an adapter, such as BytesAdapter()"),
        ({"image": BytesAdapter(), "optional": ["notes"]}, "the optional part 'notes' is not among the parts: they are image"),
    ],
)
def test_a_wrong_declaration_is_refused(arguments, message):
    with pytest.raises(DefinitionError) as error:
        MultipartAdapter(**arguments)
    assert str(error.value) == message
