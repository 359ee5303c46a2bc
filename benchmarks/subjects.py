"""What is measured: how each server is started, how it is asked, and what the right answer ends in."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import orjson

from .client import Question
from .models import classes, rows

Ask = Callable[[], "list[Question]"]


@dataclass(frozen=True)
class Subject:
    """A server with one kind of work: `command` starts with a program of `environment`, and `{port}` in it stands for the port to listen
    on.

    A server that writes the words `ready` to standard error when it is ready is not asked before.
    """

    name: str
    command: tuple[str, ...]
    questions: Ask
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    ready: bytes = b""


def post(path: str, body: bytes, media_type: str = "application/json", accept: str = "*/*") -> bytes:
    """A request as any client writes it."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: {accept}\r\n"
    return f"{head}Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _asking(model: str, path: str, body: str, tail: str) -> Ask:
    """A question for each flower: `ROW` in the body is its row, `CLASS` in the tail its class."""

    def questions() -> list[Question]:
        pairs = zip(rows(), classes(model), strict=True)
        return [
            Question(post(path, body.replace("ROW", orjson.dumps(row).decode()).encode()), tail.replace("CLASS", str(found)).encode())
            for row, found in pairs
        ]

    return questions


def bento(model: str) -> Subject:
    """`bento serve` of a saved bundle with everything on, as it is by default."""
    return Subject("bento", _bento(f"iris:{model}"), _asking(model, "/predict", "[ROW]", "\r\n\r\n[CLASS]"), ready=_READY)


def uncompiled(model: str) -> Subject:
    """The same without bento-native."""
    return replace(bento(model), name="bento, Python only", variables={"BENTO_NATIVE": "0"})


def adder(path: str = "/predict") -> Subject:
    """bento without a framework, adding up numbers."""
    return Subject("bento", _bento("adder:1"), lambda: sums(path), ready=_READY)


def bare() -> Subject:
    """One ASGI function on uvicorn that has no model: it adds a row up."""
    return Subject("bare ASGI", _bare(), lambda: sums("/sum"))


def sums(path: str) -> list[Question]:
    """Rows to add up."""
    return [Question(post(path, orjson.dumps(row)), b"\r\n\r\n" + orjson.dumps(sum(row))) for row in rows()]


def peers(model: str) -> list[Subject]:
    """All peers, serving the same model."""
    row = _asking(model, "/predict", "ROW", "\r\n\r\nCLASS")
    inference = _asking(model, "/inference", "ROW", "\r\n\r\nCLASS")
    tensor = '{"inputs":[{"name":"rows","shape":[1,4],"datatype":"FP64","data":ROW}]}'
    mlserver = _asking(model, "/v2/models/iris/infer", tensor, '"data":[CLASS]}]}')
    chosen = {"BENCHMARK_MODEL": model}
    return [
        Subject("mosec, batching", _mosec(), inference, "mosec", {**chosen, "BENCHMARK_BATCH": "64"}),
        Subject("mosec", _mosec(), inference, "mosec", chosen),
        Subject("BentoML", _bentoml("Iris"), _asking(model, "/predict", '{"rows":[ROW]}', "\r\n\r\n[CLASS]"), "bentoml", chosen),
        Subject("FastAPI", ("uvicorn", "benchmarks.peers.fastapi_server:app", "--port", "{port}"), row, "fastapi", chosen),
        Subject(
            "LitServe",
            ("python", "-m", "benchmarks.peers.litserve_server", "{port}"),
            _asking(model, "/predict", '{"input":ROW}', '\r\n\r\n{"output":CLASS}'),
            "litserve",
            chosen,
        ),
        Subject("MLServer", ("python", "-m", "benchmarks.peers.mlserver_server", "{folder}", "{port}"), mlserver, "mlserver", chosen),
    ]


def tensors() -> list[Subject]:
    """Images as bento reads them in four notations, and as others read them."""
    command = _bento("images:1")
    return [
        Subject("bare ASGI", _bare(), lambda: [Question(post("/read", body, _RAW), b"\r\n\r\n%d" % len(body)) for body, _ in _raw()]),
        Subject("bento, raw", command, lambda: _images(_RAW, _raw())),
        Subject("bento, npy", command, lambda: _images("application/x-npy", _npy())),
        Subject("bento, msgpack", command, lambda: _images("application/msgpack", _msgpack())),
        Subject("bento, JSON", command, lambda: _images("application/json", _json())),
        Subject("mosec, raw", _mosec(), _mosec_images, "mosec", {"BENCHMARK_MODEL": "tensor"}),
    ]


def slow() -> list[Subject]:
    """Services that can do no more than a hundred items a second."""
    return [
        Subject("bento", _bento("slow:1"), lambda: _items("/predict", b"%d", b"\r\n\r\n%d")),
        Subject(
            "mosec", _mosec("--timeout", "1000"), lambda: _items("/inference", b"%d", b"\r\n\r\n%d"), "mosec", {"BENCHMARK_MODEL": "slow"}
        ),
        Subject("BentoML", _bentoml("Slow"), lambda: _items("/predict", b'{"rows":[%d]}', b"[%d]"), "bentoml", {"BENCHMARK_MODEL": "slow"}),
    ]


def streams() -> list[Subject]:
    """Streams of numbers: from both kinds of generators, in both notations, and as others write them."""
    command = _bento("counter:1")
    return [
        Subject("bare ASGI", _bare(), lambda: _counts("/count", EVENT)),
        Subject("bento, plain, events", command, lambda: _counts("/plain", EVENT)),
        Subject("bento, plain, lines", command, lambda: _counts("/plain", LINE)),
        Subject("bento, async, events", command, lambda: _counts("/coroutine", EVENT)),
        Subject("bento, async, lines", command, lambda: _counts("/coroutine", LINE)),
        Subject("mosec", _mosec(), lambda: _counts("/inference", EVENT), "mosec", {"BENCHMARK_MODEL": "counter"}),
    ]


def _counts(path: str, piece: bytes) -> list[Question]:
    """Each stream counts from another number, so that pieces of a wrong stream are noticed."""
    accept = "application/jsonl" if piece == LINE else "text/event-stream"
    return [
        Question(
            post(path, b"[%d,%d]" % (first, first + PIECES), accept=accept),
            b"\r\n0\r\n\r\n",
            b"".join(piece % number for number in range(first, first + PIECES)),
            PIECES,
        )
        for first in range(1000, 9000, 250)
    ]


def _items(path: str, body: bytes, tail: bytes) -> list[Question]:
    return [Question(post(path, body % item), tail % item) for item in range(100)]


_READY = b" is ready on "


def _bento(tag: str) -> tuple[str, ...]:
    return ("bento", "serve", tag, "--port", "{port}")


def _bare() -> tuple[str, ...]:
    return ("uvicorn", "benchmarks.peers.bare:app", "--no-access-log", "--port", "{port}")


def _mosec(*options: str) -> tuple[str, ...]:
    return ("python", "-m", "benchmarks.peers.mosec_server", "--address", "127.0.0.1", "--port", "{port}", *options)


def _bentoml(service: str) -> tuple[str, ...]:
    return ("bentoml", "serve", f"benchmarks.peers.bentoml_server:{service}", "--host", "127.0.0.1", "--port", "{port}")


PIECES = 200
EVENT, LINE = b"data: %d\n\n", b"%d\n"

_RAW = "application/octet-stream"
IMAGE_BYTES = 4 * 3 * 224 * 224
_COUNTS = (1, 4, 16)

Bodies = Sequence[tuple[bytes, tuple[int, float]]]


def _images(media_type: str, bodies: Bodies) -> list[Question]:
    return [Question(post("/predict", body, media_type), b"\r\n\r\n" + orjson.dumps(list(answer))) for body, answer in bodies]


def _mosec_images() -> list[Question]:
    """mosec writes JSON with a line for each element."""
    return [
        Question(post("/inference", body, _RAW), b"\r\n\r\n" + orjson.dumps(list(answer), option=orjson.OPT_INDENT_2))
        for body, answer in _raw()
    ]


@cache
def _arrays() -> list[Any]:
    import numpy as np

    random = np.random.default_rng(0)
    return [random.integers(0, 256, (count, 3, 224, 224)).astype("<f4") / 256 for count in _COUNTS]


def _bodies(write: Callable[[Any], bytes]) -> Bodies:
    return [(write(array), (len(array), array[0, 0, 0, 0].item())) for array in _arrays()]


def _raw() -> Bodies:
    return _bodies(lambda array: array.tobytes())


def _npy() -> Bodies:
    head = "{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}"
    return _bodies(lambda array: _npy_head(head.format(array.shape)) + array.tobytes())


def _npy_head(text: str) -> bytes:
    padded = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode()


def _msgpack() -> Bodies:
    import msgpack

    return _bodies(lambda array: msgpack.packb({"dtype": "<f4", "shape": list(array.shape), "data": array.tobytes()}))


def _json() -> Bodies:
    return _bodies(lambda array: orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY))[:1]
