"""Files that are refused early, before decoding: truncated, with several pictures, too large, or made to cost much."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bento import BadInput, InvalidInput, Payload, TooLarge, UnsupportedMediaType
from bento_image import ImageAdapter

SOON = 2.0
"""In seconds; nothing here takes a tenth of it on a machine that is not busy."""


def refusal(body, *kinds, **options):
    started = time.perf_counter()
    with pytest.raises(BadInput) as error:
        ImageAdapter(**options).decode(Payload.of(body))
    assert time.perf_counter() - started < SOON
    assert type(error.value) in (kinds or (BadInput,))
    return str(error.value)


def file_of(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def small():
    return PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8))


FILES = {
    "png": file_of(small(), "PNG"),
    "png palette": file_of(small().quantize(16), "PNG"),
    "jpeg": file_of(small(), "JPEG"),
    "jpeg progressive": file_of(small(), "JPEG", progressive=True),
    "jpeg exif": file_of(
        small(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", icc_profile=bytes(300)
    ),
    "webp": file_of(small(), "WEBP"),
    "webp lossless": file_of(small(), "WEBP", lossless=True),
    "webp alpha": file_of(small().convert("RGBA"), "WEBP", exif=b"Exif\0\0"),
    "bmp": file_of(small(), "BMP"),
    "bmp palette": file_of(small().quantize(16), "BMP"),
    "tiff": file_of(small(), "TIFF"),
    "tiff lzw": file_of(small(), "TIFF", compression="tiff_lzw"),
    "tiff deflate": file_of(small(), "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": file_of(small(), "TIFF", compression="jpeg"),
    "tiff big": file_of(small(), "TIFF", big_tiff=True),
}


@pytest.mark.parametrize("name", FILES)
def test_a_whole_file_is_read(name):
    assert ImageAdapter().decode(Payload.of(FILES[name])).shape in [(7, 9, 3), (9, 7, 3)]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_anywhere_is_refused(name):
    body = FILES[name]
    for end in range(12):
        refusal(body[:end], BadInput, UnsupportedMediaType)
    for end in range(12, len(body)):
        refusal(body[:end])


@pytest.mark.parametrize("name", FILES)
def test_bytes_after_the_end_of_an_image_are_ignored(name):
    assert ImageAdapter().decode(Payload.of(FILES[name] + b"\xff\xd8trailing" * 10)).shape in [(7, 9, 3), (9, 7, 3)]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_an_image_or_bad_input(name):
    body = FILES[name]

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), min_size=1, max_size=4))
    def decode(changes):
        damaged = bytearray(body)
        for at, value in changes:
            damaged[at] = value
        started = time.perf_counter()
        with suppress(BadInput):
            assert ImageAdapter(max_pixels=1 << 20).decode(Payload.of(bytes(damaged))).ndim == 3
        assert time.perf_counter() - started < SOON

    decode()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_several_pictures_are_refused(kind):
    name = {"WEBP": "WebP"}.get(kind, kind)
    frames = [PIL.Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    body = file_of(frames[0], kind, save_all=True, append_images=frames[1:])
    assert refusal(body, InvalidInput) == f"the {name} file holds several pictures: expected one"


def test_an_animation_of_one_frame_is_a_picture():
    body = file_of(PIL.Image.new("RGB", (4, 4)), "PNG")
    control = b"acTL" + struct.pack(">II", 1, 0)
    animated = body[:33] + struct.pack(">I", 8) + control + struct.pack(">I", zlib.crc32(control)) + body[33:]
    assert ImageAdapter().decode(Payload.of(animated)).shape == (4, 4, 3)


def test_the_size_limit_counts_pixels(format, write):
    body = write(np.zeros((10, 20, 3), np.uint8), format)
    assert ImageAdapter(max_pixels=200).decode(Payload.of(body)).shape == (10, 20, 3)
    assert refusal(body, TooLarge, max_pixels=199) == "the image has 20 x 10 pixels: expected at most 199"


def test_an_image_that_pillow_itself_finds_too_large_is_not_called_damaged(monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 99)
    message = refusal(file_of(PIL.Image.new("L", (20, 10)), "TIFF"), TooLarge)
    assert message.startswith("the TIFF file is larger than Pillow reads one: Image size (200 pixels) exceeds limit of 198 pixels")
    assert message.endswith(": raise PIL.Image.MAX_IMAGE_PIXELS")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *chunks):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def tiff(*tags, pages=0):
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", pages)


def jpeg(*segments):
    return b"\xff\xd8" + b"".join(bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments)


def riff(chunk, data):
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + chunk + struct.pack("<I", len(data)) + data


FRAME = (0xC0, struct.pack(">BHHB", 8, 7, 9, 1) + b"\x01\x11\0")
SCAN = (0xDA, b"\x01\x01\0\0\x3f\0")
HUGE = {
    "png": png(60_000, 60_000, chunk(b"IDAT", zlib.compress(bytes(1000)))),
    "jpeg": jpeg((0xC0, struct.pack(">BHHB", 8, 60_000, 60_000, 3) + bytes(9)), SCAN) + b"\xff\xd9",
    "webp": riff(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383)),
    "webp lossless": riff(b"VP8L", b"\x2f" + struct.pack("<I", 0x3FFF | 0x3FFF << 14)),
    "webp extended": riff(b"VP8X", bytes(4) + b"\xff\xff\xff" * 2),
    "bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 60_000, 60_000, 1, 8, 1, 0, 0, 0, 0, 0),
    "bmp upside down": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 60_000, -60_000, 1, 8, 1, 0, 0, 0, 0, 0),
    "tiff": tiff((256, 4, 1, 60_000), (257, 4, 1, 60_000)),
    "tiff of one tile": tiff((256, 4, 1, 10), (257, 4, 1, 10), (322, 4, 1, 60_000), (323, 4, 1, 60_000)),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_small_file_that_declares_a_huge_picture_is_refused_by_its_header(name):
    assert refusal(HUGE[name], TooLarge).endswith("pixels: expected at most 33554432")


DEAR = {
    "100,000 chunks of nothing": (png(9, 9, chunk(b"tEXt", b"") * 100_000), "the PNG file is damaged: it is made of too many small chunks"),
    "100,000 chunks of picture": (png(9, 9, chunk(b"IDAT", b"") * 100_000), "the PNG file is damaged: it is made of too many small chunks"),
    "100,000 segments": (jpeg(*[(0xE0, b"")] * 100_000), "the JPEG file is damaged: it has more than 2000 segments"),
    "100,000 bytes of padding": (b"\xff\xd8" + b"\xff" * 100_000, "the JPEG file is damaged: it ends too early"),
    "1,000 scans": (jpeg(FRAME, *[SCAN] * 1000) + b"\xff\xd9", "the JPEG file is damaged: it has 1000 scans, of which at most 50 are read"),
    "100 segments of EXIF, each joined to all before it": (
        jpeg(*[(0xE1, b"Exif\0\0" + bytes(60_000))] * 100, FRAME, SCAN) + b"\xff\xd9",
        "the JPEG file is damaged: it has 100 segments of EXIF, of which at most 64 are read",
    ),
    "100,000 strips": (
        tiff((256, 4, 1, 9), (257, 4, 1, 9), (273, 4, 100_000, 0)),
        "the TIFF file is damaged: it is made of 100000 pieces, of which at most 65536 are read",
    ),
    "60,000 tags": (tiff(*[(700, 4, 1, 9)] * 60_000), "the TIFF file is damaged: it has 60000 tags, of which at most 4096 are read"),
    "a text of a gigabyte": (png(9, 9, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 24), 9) * 2)), None),
}


@pytest.mark.parametrize("name", DEAR)
def test_a_file_made_to_cost_much_time_or_memory_is_refused(name):
    body, message = DEAR[name]
    told = refusal(body)
    assert message in (None, told)


SENSELESS = {
    "the PNG file is damaged: its first chunk is not IHDR": b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b""),
    "the PNG file is damaged: it declares 0 x 9 pixels": png(0, 9),
    "the JPEG file is damaged: it declares 9 x 0 pixels": jpeg((0xC0, struct.pack(">BHHB", 8, 0, 9, 1)), SCAN),
    "the JPEG file is damaged: it holds no picture": jpeg((0xE0, b"")) + b"\xff\xd9",
    "the JPEG file is damaged: it has the marker 0xd8 where a segment begins": b"\xff\xd8\xff\xd8\xff\xd9",
    "the WebP file is damaged: its first chunk is not a picture": riff(b"EXIF", b"abcd"),
    "the WebP file is damaged: it ends too early": riff(b"VP8 ", b"abcd")[:-1],
    "the TIFF file is damaged: it declares 0 x 0 pixels": tiff(),
    "the TIFF file is damaged: it ends too early": b"II+\0\x08\0\0\0" + b"\xff" * 8,
}


@pytest.mark.parametrize("message", SENSELESS)
def test_a_malformed_file_is_refused_with_what_is_wrong(message):
    assert refusal(SENSELESS[message]) == message


def test_a_fault_that_pillow_finds_is_in_the_error():
    body = bytearray(FILES["png"])
    body[60:80] = bytes(20)
    assert refusal(bytes(body)).startswith("the PNG file is damaged: OSError: ")


PROBE = """
import resource, sys
from bento import BadInput, Payload
from bento_image import ImageAdapter

adapter = ImageAdapter()
adapter.decode(Payload.of(bytes.fromhex(sys.argv[1])))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for line in sys.stdin:
    try:
        adapter.decode(Payload.of(bytes.fromhex(line)))
    except BadInput:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_refusing_takes_little_memory():
    """The allowed fifty megabytes are a fiftieth of what the headers declare."""
    bodies = [*HUGE.values()] + [body for body, _ in DEAR.values()]
    run = subprocess.run(
        [sys.executable, "-c", PROBE, FILES["webp"].hex()],
        input="\n".join(body.hex() for body in bodies),
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(run.stdout) < 50 * 1024
