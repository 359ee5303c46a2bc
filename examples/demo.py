"""All steps in one script: train a classifier, save it with its service, serve the bundle, and send requests over HTTP."""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgpack
import numpy as np
from iris import train

import bento

ROOT = Path(__file__).resolve().parents[1]
BENTO = Path(sys.executable).with_name("bento")
FLOWERS = np.array([[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [7.7, 3.0, 6.1, 2.3]])

_PATIENCE = 60.0


def free_port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def ask(port: int, method: str, path: str, body: bytes = b"", content_type: str = "", accept: str = "*/*") -> tuple[int, bytes]:
    """Send one HTTP request, and return the status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": content_type, "Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    """Whether the server answers and its model is loaded."""
    try:
        return ask(port, "GET", "/readyz")[0] == http.client.OK
    except OSError:
        return False


@contextmanager
def served(tag: str) -> Iterator[int]:
    """Serve a bundle with `bento serve` during the block, and yield its port."""
    port = free_port()
    server = subprocess.Popen([BENTO, "serve", tag, "--port", str(port), "--no-access-log"])
    try:
        end = time.monotonic() + _PATIENCE
        while not is_ready(port):
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the server did not start: try {BENTO} serve {tag}")
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def npy(array: np.ndarray) -> bytes:
    """An array as the content of an `.npy` file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def requests() -> dict[str, tuple[str, bytes]]:
    """The same three flowers in three formats: a text to print and the bytes of the body, by content type."""
    rows = FLOWERS.tolist()
    text = json.dumps(rows)
    return {
        "application/json": (text, text.encode()),
        "application/msgpack": ("the same, packed", msgpack.packb(rows)),
        "application/x-npy": ("the same, as numpy.save writes it", npy(FLOWERS)),
    }


def show(content_type: str, body: bytes) -> str:
    """A body as a text to print."""
    if content_type == "application/msgpack":
        packed = msgpack.unpackb(body)
        return repr(np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"]))
    if content_type == "application/x-npy":
        return repr(np.load(io.BytesIO(body), allow_pickle=False))
    return body.decode()


def main() -> None:
    """Train, save, serve, send requests, and stop."""
    home = os.environ.setdefault("BENTO_HOME", str(ROOT / ".demo"))
    print("Training a classifier on Fisher's iris data ...")
    service = train()
    bundle = bento.save(service)
    print(f"Saved {bundle.tag} to {home}, accuracy on unseen flowers {service.metadata('model')['accuracy']}.\n")
    with served(str(bundle.tag)) as port:
        for content_type, (shown, body) in requests().items():
            status, answer = ask(port, "POST", "/predict", body, content_type, content_type)
            print(f"\nPOST /predict  {content_type}, {len(body)} bytes\n  {shown}\n{status}\n  {show(content_type, answer)}")
            if status != http.client.OK:
                raise SystemExit("that should have been a 200")
    print(f"""
The server is stopped. To go on:

  export BENTO_HOME={home}
  {BENTO} serve iris:latest
  curl -H 'Content-Type: application/json' -d '[[5.1, 3.5, 1.4, 0.2]]' http://127.0.0.1:3000/predict""")


if __name__ == "__main__":
    main()
