"""Hostile forms: they are refused, or read, in time that grows no faster than their size."""

from __future__ import annotations

import time

import pytest

from bento import BadInput, Payload, TooLarge
from bento.adapters import BytesAdapter, MultipartAdapter, TextAdapter

MEGABYTE = 1 << 20
PART = b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
OTHER = b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\n\r\n'
END = b"\r\n--b--\r\n"
READERS = [MultipartAdapter(a=BytesAdapter()), BytesAdapter(), TextAdapter()]

HOSTILE = {
    "dashes before the boundary": b"-" * 8 * MEGABYTE + PART + END,
    "dashes after the boundary": b"--b" + b"-" * 8 * MEGABYTE,
    "line ends before the boundary": b"\r\n" * 4 * MEGABYTE + PART + END,
    "spaces after the boundary": b"--b" + b" " * 8 * MEGABYTE,
    "boundaries without parts": b"--b\r\n" * MEGABYTE,
    "100,000 parts": b"".join(OTHER % number for number in range(100_000)) + END[2:],
    "100,000 headers": b"--b\r\n" + b"A: b\r\n" * 100_000 + b"\r\n" + END,
    "a header without end": b"--b\r\nContent-Disposition: " + b"x" * 8 * MEGABYTE,
    "a name without end": b'--b\r\nContent-Disposition: form-data; name="' + b"\\" * 7000 + b"\r\n\r\n" + END,
    "parameters without end": b"--b\r\nContent-Disposition: form-data" + b";" * 7000 + b"\r\n\r\n" + END,
    "spaces between parameters": b"--b\r\nContent-Disposition: form-data;" + b" " * 7000 + b"=\r\n\r\n" + END,
    "a form that is cut off": PART + b"x" * 8 * MEGABYTE,
    "beginnings of boundaries": PART + b"\r\n--" * 2 * MEGABYTE,
    "nothing but a boundary": b"--b",
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_form_is_refused_quickly(body, reader):
    started = time.thread_time()
    with pytest.raises(BadInput) as error:
        reader.decode(Payload(body, "multipart/form-data", {"boundary": "b"}))
    assert time.thread_time() - started < 1.0
    assert len(str(error.value)) < 500


def test_a_boundary_that_repeats_itself_is_searched_in_linear_time():
    """The worst case of a search: each place is almost the boundary."""
    body = b"--" + b"-" * 69 + b"a" + PART[3:] + (b"\r\n--" + b"-" * 69 + b"b") * (8 * MEGABYTE // 74)
    started = time.thread_time()
    with pytest.raises(BadInput):
        READERS[0].decode(Payload(body, "multipart/form-data", {"boundary": "-" * 69 + "a"}))
    assert time.thread_time() - started < 1.0


@pytest.mark.parametrize("kind", ["100,000 parts", "100,000 headers", "a header without end"])
def test_a_form_with_too_much_of_something_is_refused_as_too_large(kind):
    with pytest.raises(TooLarge):
        READERS[0].decode(Payload(HOSTILE[kind], "multipart/form-data", {"boundary": "b"}))


def test_a_large_file_is_read_in_linear_time():
    data = b"\r\n--" * 10 * MEGABYTE
    started = time.thread_time()
    file = READERS[0].decode(Payload(PART + data + END, "multipart/form-data", {"boundary": "b"}))["a"]
    assert time.thread_time() - started < 2.0
    assert file == data


@pytest.mark.parametrize("filename", ["../../../etc/passwd", "..\\..\\evil.exe", "/etc/shadow", "C:\\x\\y", "..", ".", "a\x85/b"])
def test_the_name_of_a_file_has_no_path(filename):
    header = f'--b\r\nContent-Disposition: form-data; name="a"; filename="{filename}"\r\n\r\n'.encode()
    name = READERS[0].decode(Payload(header + b"x" + END, "multipart/form-data", {"boundary": "b"}))["a"].name
    assert not {"/", "\\", "\0"} & set(name)
    assert name not in (".", "..")
