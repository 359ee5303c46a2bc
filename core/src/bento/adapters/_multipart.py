"""Forms: splitting a body into its parts, and joining parts into a body.

Source: RFC 7578 (multipart/form-data) and RFC 2046, section 5.1 (boundaries). The body is complete and limited in size when it comes
here, so each part is a view of it, and everything takes linear time. Lines end in CRLF; nothing may precede the first boundary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import BadInput, InvalidInput, TooLarge, UnsupportedMediaType
from ..payload import Payload, ReadableBuffer, quoted

MEDIA_TYPE = "multipart/form-data"
_MOST_PARTS = 1000
_LARGEST_HEADER = 8 * 1024
"""In bytes, for all the headers of one part together."""

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_LINE_END = re.compile(rb"[ \t]*\r\n")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_PARAMETER = re.compile(r';[ \t]*(?:([\w!#$%&\'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^";]*)))?[ \t]*')
_ESCAPED = re.compile(r'\\(["\\])')
_PLAIN_ENCODINGS = ("", "7bit", "8bit", "binary")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form."""

    name: str
    data: ReadableBuffer
    content_type: str = ""
    filename: str | None = None
    """The last component of the file name that the client sent; empty if no file was chosen in the form's field."""

    def payload(self) -> Payload:
        return Payload.of(self.data, self.content_type, self.filename or None)


def split(payload: Payload) -> Iterator[Part]:
    """The parts of a form, in order."""
    boundary = payload.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise BadInput(f"{boundary!r} is not a boundary of a form: send the content type 'multipart/form-data; boundary=...'")
    body = bytes(payload.data) if isinstance(payload.data, memoryview) else payload.data
    delimiter = b"\r\n--" + boundary.encode()
    if not body.startswith((delimiter, delimiter[2:])):
        raise BadInput("the form does not begin with its boundary")
    position = len(delimiter) - (0 if body.startswith(delimiter) else 2)
    for _ in range(_MOST_PARTS + 1):
        if body.startswith(b"--", position):
            return
        end, part = _part(body, position, delimiter)
        yield part
        position = end + len(delimiter)
    raise TooLarge(f"the form has more than {_MOST_PARTS} parts")


def join(parts: Iterable[Part]) -> bytes:
    """A form whose boundary is a digest of its content: the same parts give the same bytes, and no part can contain the boundary."""
    import hashlib

    texts = [b"%s\r\n\r\n%s" % (_header(part).encode(), bytes(part.data)) for part in parts]
    boundary = hashlib.sha256(b"\0".join(texts)).hexdigest()[:32].encode()
    return b"".join(b"--%s\r\n%s\r\n" % (boundary, text) for text in texts) + b"--%s--\r\n" % boundary


def content_type_of(body: bytes) -> str:
    """The Content-Type header of a form that `join` made."""
    return f"{MEDIA_TYPE}; boundary={body[2:34].decode()}"


def only_file(payload: Payload) -> Payload:
    """The one file of a form; a part counts as a file only with a filename."""
    if payload.media_type != MEDIA_TYPE:
        raise UnsupportedMediaType(f"{payload.media_type!r} is not read here: expected {MEDIA_TYPE}")
    files = [part for part in split(payload) if part.filename]
    if len(files) != 1:
        raise InvalidInput(f"expected a form with one file, got {len(files)} files: a part counts as a file only with a filename")
    return files[0].payload()


def _part(body: bytes | bytearray, position: int, delimiter: bytes) -> tuple[int, Part]:
    """The part after a boundary that ends at `position`, and where the next boundary begins."""
    line_end = _LINE_END.match(body, position)
    if line_end is None:
        raise BadInput("a boundary of the form is not followed by a line end (CRLF)")
    start = line_end.end()
    header_end = body.find(b"\r\n\r\n", start, start + _LARGEST_HEADER)
    if header_end < 0 and len(body) - start > _LARGEST_HEADER:
        raise TooLarge(f"the headers of a part are larger than {_LARGEST_HEADER} bytes")
    end = body.find(delimiter, header_end + 4) if header_end >= 0 else -1
    if end < 0:
        raise BadInput("the form is cut off: its last boundary is missing")
    return end, _read_part(bytes(body[start:header_end]), memoryview(body)[header_end + 4 : end])


def _read_part(block: bytes, data: memoryview) -> Part:
    headers = _headers(block)
    encoding = headers.get("content-transfer-encoding", "")
    if encoding.lower() not in _PLAIN_ENCODINGS:
        raise UnsupportedMediaType(f"a part is encoded as {encoding!r}: send its bytes as they are")
    parameters = _disposition(headers.get("content-disposition", ""))
    if not parameters.get("name"):
        raise BadInput("a part of the form has no name")
    return Part(parameters["name"], data, headers.get("content-type", ""), _filename(parameters))


def _headers(block: bytes) -> dict[str, str]:
    try:
        lines = block.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput("the headers of a part are not UTF-8 text") from error
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or _CONTROL.search(line) or name.lower() in headers:
            raise BadInput(f"{line[:80]!r} is not a header of a part, or is given twice")
        headers[name.lower()] = value.strip(" \t")
    return headers


def _disposition(header: str) -> dict[str, str]:
    kind, _, _ = header.partition(";")
    if kind.strip().lower() != "form-data":
        raise BadInput(f"{header[:80]!r} is not a disposition of a part: expected 'form-data; name=...'")
    parameters: dict[str, str] = {}
    position = len(kind)
    while position < len(header):
        found = _PARAMETER.match(header, position)
        if found is None:
            raise BadInput(f"{header[:80]!r} is not a disposition of a part: cannot read {header[position : position + 40]!r}")
        position = found.end()
        if found[1]:
            value = found[3].strip() if found[2] is None else _ESCAPED.sub(r"\1", found[2])
            parameters.setdefault(found[1].lower(), value)
    return parameters


def _filename(parameters: dict[str, str]) -> str | None:
    """The file name that the client sent, without its folders, so that no client can choose a path on this machine.

    RFC 7578 forbids `filename*`, so it is used only if there is no plain `filename`.
    """
    name = parameters.get("filename")
    if name is None and "filename*" in parameters:
        charset, _, text = parameters["filename*"].split("'", 2) if parameters["filename*"].count("'") > 1 else ("", "", "")
        if charset.lower() not in ("utf-8", "iso-8859-1"):
            raise BadInput(f"cannot read filename*={parameters['filename*'][:80]}: expected utf-8''name")
        from urllib.parse import unquote

        name = unquote(text, charset)
    if name is None:
        return None
    name = _CONTROL.sub("", re.split(r"[/\\]", name)[-1])
    return "" if name in (".", "..") else name


def _header(part: Part) -> str:
    disposition = f"Content-Disposition: form-data; name={_quote(part.name)}"
    if part.filename is not None:
        disposition += f"; filename={_quote(part.filename)}"
    return f"{disposition}\r\nContent-Type: {part.content_type}" if part.content_type else disposition


def _quote(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(f"{text!r} cannot be the name of a part or a file: it holds control characters")
    return quoted(text)
