"""What clients of BentoML 0.13 send as JSON, text, a file or several files: each form of a request still gives its value."""

from __future__ import annotations

import pytest

from bento import BadInput, InvalidInput, Payload, UnsupportedMediaType
from bento.adapters import BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter


def form(*parts):
    """A form as curl and requests write one: parts of (name, filename or None, content type or None, data)."""
    lines = []
    for name, filename, content_type, data in parts:
        lines += [b"--XyZ", f'Content-Disposition: form-data; name="{name}"'.encode()]
        lines[-1] += f'; filename="{filename}"'.encode() if filename is not None else b""
        lines += [f"Content-Type: {content_type}".encode()] if content_type else []
        lines += [b"", data]
    return Payload.of(b"\r\n".join([*lines, b"--XyZ--", b""]), 'multipart/form-data; boundary="XyZ"')


class TestJson:
    adapter = JsonAdapter()

    @pytest.mark.parametrize("document", [b"[[1, 2], [3, 4]]", b'[{"a": 1}]', b'"text"', b"3", b"null"])
    def test_any_document_is_one_item_even_if_it_is_an_array(self, document):
        value = self.adapter.decode(Payload.of(document, "application/json"))
        assert self.adapter.rows(value) is None
        assert self.adapter.stack([value, value]) == [value, value]

    @pytest.mark.parametrize("charset", ["utf-8", "latin-1", "shift_jis", "utf-16"])
    def test_the_charset_of_the_content_type_is_honoured(self, charset):
        text = {"latin-1": "é", "shift_jis": "東京"}.get(charset, "é東京")
        payload = Payload.of(f'{{"a": "{text}"}}'.encode(charset), f"application/json; charset={charset}")
        assert self.adapter.decode(payload) == {"a": text}

    @pytest.mark.parametrize("media_type", ["application/vnd.api+json", "application/ld+json"])
    def test_a_type_with_the_suffix_json_is_json(self, media_type):
        assert self.adapter.decode(Payload.of(b"{}", media_type)) == {}

    @pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity"])
    def test_bare_words_such_as_nan_are_not_json(self, word):
        with pytest.raises(BadInput):
            self.adapter.decode(Payload.of(b"[" + word + b"]", "application/json"))

    def test_json_under_the_types_of_a_cross_site_form_is_refused(self):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
            with pytest.raises(UnsupportedMediaType):
                self.adapter.decode(Payload.of(b"{}", content_type))

    def test_answers_are_text_in_utf8(self):
        assert self.adapter.encode({"a": "東京"}, "application/json") == '{"a":"東京"}'.encode()

    def test_bytes_in_an_answer_are_text_or_base64(self):
        assert self.adapter.encode([b"abc", b"\x89PNG"], "application/json") == b'["abc",{"b64":"iVBORw=="}]'


class TestText:
    adapter = TextAdapter()

    def test_raw_text_is_utf8_by_default(self):
        assert self.adapter.decode(Payload.of("naïve".encode())) == "naïve"

    @pytest.mark.parametrize("charset", ["latin-1", "cp1252", "UTF-16", "gb18030", "euc_kr", "koi8-r"])
    def test_any_charset_that_python_knows_is_read(self, charset):
        text = {"euc_kr": "한글", "koi8-r": "мир", "gb18030": "东京"}.get(charset, "naïve")
        assert self.adapter.decode(Payload.of(text.encode(charset), f"text/plain; charset={charset}")) == text

    @pytest.mark.parametrize("charset", ["rot13", "hex", "zlib", "bz2", "base64", "punycode", "no-such"])
    def test_a_codec_that_is_not_a_charset_is_refused(self, charset):
        with pytest.raises(UnsupportedMediaType):
            self.adapter.decode(Payload.of(b"abc", f"text/plain; charset={charset}"))

    def test_text_that_is_not_in_its_charset_is_refused(self):
        with pytest.raises(BadInput):
            self.adapter.decode(Payload.of(b"\xff", "text/plain"))

    @pytest.mark.parametrize("field", ["file", "text", "anything"])
    def test_one_file_of_a_form_under_any_name(self, field):
        assert self.adapter.decode(form((field, "a.txt", "text/plain", "naïve".encode()))) == "naïve"
        assert self.adapter.decode(form((field, "a.txt", None, b"a"))) == "a"


class TestFile:
    adapter = BytesAdapter()

    @pytest.mark.parametrize("content_type", ["", "application/octet-stream", "image/png", "application/json", "x/y"])
    def test_a_raw_body_of_any_type_is_a_file(self, content_type):
        assert self.adapter.decode(Payload.of(b"\x00\xff\r\n", content_type)) == b"\x00\xff\r\n"

    def test_one_file_of_a_form_under_any_name_with_its_name(self):
        file = self.adapter.decode(form(("anything", "photo.JPG", "image/jpeg", b"\x00\xff\r\n--Xy")))
        assert (file, file.name, file.media_type) == (b"\x00\xff\r\n--Xy", "photo.JPG", "image/jpeg")

    def test_a_part_without_a_filename_is_not_a_file(self):
        assert self.adapter.decode(form(("note", None, None, b"text"), ("f", "a.bin", None, b"a"))) == b"a"
        with pytest.raises(InvalidInput):
            self.adapter.decode(form(("note", None, None, b"text")))

    def test_two_files_instead_of_one_are_refused(self):
        with pytest.raises(InvalidInput):
            self.adapter.decode(form(("f", "a", None, b"a"), ("g", "b", None, b"b")))


class TestSeveralFiles:
    adapter = MultipartAdapter(image=BytesAdapter(), annotations=JsonAdapter(), optional=["annotations"])

    def test_one_part_for_each_declared_name_in_any_order(self):
        body = form(("annotations", "a.json", "application/json", b'{"box": [1, 2]}'), ("image", "i.png", "image/png", b"\x89"))
        assert self.adapter.decode(body) == {"image": b"\x89", "annotations": {"box": [1, 2]}}

    def test_a_json_file_is_read_under_the_type_that_curl_gives_it(self):
        body = form(("image", "i", None, b"\x89"), ("annotations", "a.json", "application/octet-stream", b"[]"))
        assert self.adapter.decode(body)["annotations"] == []

    def test_extra_parts_are_ignored(self):
        assert self.adapter.decode(form(("image", "i", None, b"\x89"), ("debug", None, None, b"1"))).keys() == {"image", "annotations"}

    def test_a_missing_part_is_refused_unless_it_is_optional(self):
        assert self.adapter.decode(form(("image", "i", None, b"\x89")))["annotations"] is None
        with pytest.raises(InvalidInput, match="no part named 'image'"):
            self.adapter.decode(form(("annotations", "a.json", "application/json", b"{}")))
