"""Requests that clients of BentoML 0.13 send keep working over every transport."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bento.adapters import ArrayAdapter
from lambdas import body_of
from transports import COMPRESSIONS, FORM, CommandLine, Lambda, LambdaBalanced, LambdaRest, Refused, Sent, form

JSON = "application/json"
IMAGE = b"\x89PNG\r\n\x00--Xy"

ANSWERED = {
    "json: an object": (Sent("json", b'{"a": [1, 2.5, null]}', JSON), {"value": {"a": [1, 2.5, None]}}),
    "json: an array is one item": (Sent("json", b"[[1, 2], [3, 4]]", JSON), {"value": [[1, 2], [3, 4]]}),
    "json: a scalar": (Sent("json", b"3", JSON), {"value": 3}),
    "json: null": (Sent("json", b"null", JSON), {"value": None}),
    "json: no content type": (Sent("json", b'"tea"'), {"value": "tea"}),
    "json: a charset": (Sent("json", '{"a": "é"}'.encode("latin-1"), "application/json; charset=latin-1"), {"value": {"a": "é"}}),
    "json: utf-16": (Sent("json", '"東京"'.encode("utf-16"), "application/json; charset=utf-16"), {"value": "東京"}),
    "json: any case": (Sent("json", b"1", "Application/JSON; Charset=UTF-8"), {"value": 1}),
    "json: a suffix": (Sent("json", b"1", "application/vnd.api+json"), {"value": 1}),
    "text: utf-8 by default": (Sent("text", "naïve".encode(), "text/plain"), {"value": "naïve"}),
    "text: no content type": (Sent("text", b"tea"), {"value": "tea"}),
    "text: empty": (Sent("text", b"", "text/plain"), {"value": ""}),
    "text: a charset": (Sent("text", "東京".encode("shift_jis"), "text/plain; charset=Shift_JIS"), {"value": "東京"}),
    "text: another type of text": (Sent("text", b"a,b", "text/csv"), {"value": "a,b"}),
    "text: a part that is a file": (Sent("text", form(("any", "a.txt", None, "naïve".encode())), FORM), {"value": "naïve"}),
    "text: a part with a charset": (
        Sent("text", form(("any", "a.txt", "text/plain; charset=latin-1", "naïve".encode("latin-1"))), FORM),
        {"value": "naïve"},
    ),
    "file: raw": (Sent("file", IMAGE, "application/octet-stream"), IMAGE),
    "file: raw, of any type": (Sent("file", IMAGE, "image/png"), IMAGE),
    "file: empty": (Sent("file", b"", "application/octet-stream"), b""),
    "file: a part of any name": (Sent("file", form(("anything", "photo.JPG", "image/jpeg", IMAGE)), FORM), IMAGE),
    "file: a part without a filename is none": (Sent("file", form(("note", None, None, b"x"), ("f", "a", None, IMAGE)), FORM), IMAGE),
    "files: both": (
        Sent("files", form(("annotations", "a.json", JSON, b'{"box": [1]}'), ("image", "i.png", "image/png", IMAGE)), FORM),
        {"image": IMAGE.hex(), "annotations": {"box": [1]}},
    ),
    "files: an optional one is missing": (
        Sent("files", form(("image", "i", None, IMAGE)), FORM),
        {"image": IMAGE.hex(), "annotations": None},
    ),
    "files: an extra one is ignored": (
        Sent("files", form(("image", "i", None, IMAGE), ("debug", None, None, b"1")), FORM),
        {"image": IMAGE.hex(), "annotations": None},
    ),
    "array: json": (Sent("array", b"[[1.5, 2]]", JSON), {"value": [[1.5, 2.0]], "dtype": "float64"}),
    "array: npy": (
        Sent("array", ArrayAdapter().encode(np.array([[1, 2]], "int8"), "application/x-npy"), "application/x-npy"),
        {"value": [[1, 2]], "dtype": "int8"},
    ),
}


@pytest.mark.parametrize(("sent", "value"), ANSWERED.values(), ids=ANSWERED)
def test_a_request_is_decoded_to_its_value(transport, sent, value):
    answer = transport.value(sent)
    if isinstance(value, bytes):
        assert bytes.fromhex(answer["value"]) == value
    else:
        assert answer == value


REFUSED = {
    "malformed json": (Sent("json", b'{"a": ', JSON), 400),
    "empty json": (Sent("json", b"", JSON), 400),
    "NaN is not json": (Sent("json", b"[NaN]", JSON), 400),
    "Infinity is not json": (Sent("json", b"[-Infinity]", JSON), 400),
    "not in its charset": (Sent("json", b'"\xff"', JSON), 400),
    "no such charset": (Sent("text", b"a", "text/plain; charset=rot13"), 415),
    "json as plain text, which a form of another site posts": (Sent("json", b"{}", "text/plain"), 415),
    "json as a form": (Sent("json", b"{}", "application/x-www-form-urlencoded"), 415),
    "no content type at all": (Sent("json", b"{}", "json"), 400),
    "a form that is cut off": (Sent("file", form(("f", "a", None, IMAGE))[:-8], FORM), 400),
    "two files for one": (Sent("file", form(("f", "a", None, b"1"), ("g", "b", None, b"2")), FORM), 422),
    "a form without a file": (Sent("file", form(("note", None, None, b"1")), FORM), 422),
    "a missing part": (Sent("files", form(("annotations", "a.json", JSON, b"{}")), FORM), 422),
    "rows of different lengths": (Sent("array", b"[[1, 2], [3]]", JSON), 422),
    "text for numbers": (Sent("array", b'["a"]', JSON), 422),
    "a pickle": (Sent("json", b"\x80\x04K\x01.", "application/vnd.python.pickle"), 415),
    "a pickle for an array": (Sent("array", b"\x80\x04K\x01.", "application/x-python-pickle"), 415),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
def test_a_bad_request_is_refused_with_a_sentence_and_without_a_traceback(transport, sent, status):
    with pytest.raises(Refused) as refused:
        transport.ask(sent)
    assert refused.value.status in (status, None)
    said = str(refused.value)
    assert len(said) > 10
    assert "Traceback" not in said
    assert "\n" not in said


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", ["json: an object", "text: a charset", "file: a part of any name", "files: both", "array: npy"])
@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
def test_a_compressed_body_is_read_as_if_it_were_plain(http, compression, name, chunked):
    sent, _ = ANSWERED[name]
    body = COMPRESSIONS[compression](sent.body)
    pieces = (body[at : at + 7] for at in range(0, len(body), 7)) if chunked else None
    response = http.post(sent, pieces if chunked else body, **{"content-encoding": compression.partition(" ")[0]})
    assert (response.status_code, response.json()) == (200, http.value(sent))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", ["json: an object", "text: a charset", "file: a part of any name", "files: both", "array: npy"])
@pytest.mark.parametrize("kind", [Lambda, LambdaRest, LambdaBalanced])
def test_a_compressed_body_of_an_event_is_read_as_if_it_were_plain(reach, kind, compression, name):
    sent, _ = ANSWERED[name]
    encoding = {"content-encoding": compression.partition(" ")[0]}
    answer = reach(kind).post(sent, COMPRESSIONS[compression](sent.body), **encoding)
    assert (answer["statusCode"], json.loads(body_of(answer))) == (200, reach(kind).value(sent))


@pytest.mark.parametrize("name", ["json: an object", "text: utf-8 by default", "file: raw", "files: both", "array: json"])
def test_a_chunked_body_is_read_as_if_it_were_whole(http, name):
    sent, _ = ANSWERED[name]
    assert http.post(sent, iter([sent.body[:3], sent.body[3:]])).json() == http.value(sent)


@pytest.mark.parametrize(("encoding", "body", "status"), [("gzip", b"no gzip", 400), ("br", b"1", 415), ("gzip", b"\x1f\x8b\x08", 400)])
def test_a_body_that_is_not_as_compressed_as_it_says_is_refused(http, encoding, body, status):
    response = http.post(Sent("json", b"", JSON), body, **{"content-encoding": encoding})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_the_command_line_answers_one_line_for_each_item_in_order_and_ends_with_1_if_any_failed(reach):
    line = reach(CommandLine)
    done = line.run("json", "--input", '"a"', "[1, 2]", "oops", "null")
    assert done.stdout.splitlines() == ['{"value":"a"}', '{"value":[1,2]}', "", '{"value":null}']
    assert (done.exit_code, done.stderr.count("item 3: ")) == (1, 1)


def test_the_command_line_reads_standard_input(reach):
    done = reach(CommandLine).run("json", "--input", "-", stdin=b'{"a": 1}')
    assert (done.exit_code, done.stdout) == (0, '{"value":{"a":1}}\n')
