"""A network on a GPU, asked one by one over HTTP, compared with loops that ask it directly: what batching makes of single requests.

    make .venv/plugins/bento-torch/done && .venv/plugins/bento-torch/bin/python -m benchmarks.gpu

The loops do what a server has to do with a request's values, and nothing else: the tensor goes to the GPU, the answer comes back. One has
a request at a time, as a server without batches would; the other has a full batch ready each time, which no server can.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from .client import OK, Client, Question

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_SERVICES = Path(__file__).parent / "services"
_NAMES = ("texts", "images")
_SECONDS = 2.0
_ROUNDS = 3
_LOADS = ((1, 1), (1, 16), (1, 128), (1, 512), (4, 512))
"""Workers, and connections that ask again as soon as they are answered."""


def main() -> None:
    """Print a table for each service."""
    import torch

    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU here, and there is nothing to measure without one")
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, {os.cpu_count()} processors; medians of {_ROUNDS} rounds")
    sys.path.insert(0, str(_SERVICES))
    for name in _NAMES:
        _measure(name, import_module("nets"))


def _measure(name: str, nets: Any) -> None:
    values = nets.requests(name)
    model = nets.NETS[name]().eval().to("cuda")
    size = sum(weights.numel() for weights in model.parameters()) / 1e6
    one, many = _loop(model, values[:1]), _loop(model, values)
    del model
    print(f"\n{name}: {size:.0f} million parameters, {values[0].nbytes:,} bytes a request")
    print(f"  {'a loop, one at a time':<36} {one:>7,.0f} /s")
    print(f"  {f'a loop, {len(values)} at a time':<36} {many:>7,.0f} /s")
    for workers, loads in groupby(_LOADS, key=itemgetter(0)):
        with _served(name, workers) as port:
            for _, connections in loads:
                rate, middle, rows = _over_http(port, values, connections)
                what = f"bento, {workers} worker{'s'[: workers - 1]}, {connections} connections"
                print(
                    f"  {what:<36} {rate:>7,.0f} /s, {rate / one:4.1f} and {rate / many:4.2f} times the loops, "
                    f"p50 {1e3 * middle:.1f} ms, {rows:.1f} rows a batch"
                )


def _loop(model: Any, values: list[Array]) -> float:
    """Values per second of a process that has them at hand."""
    import numpy as np
    import torch

    def once() -> None:
        batch = torch.from_numpy(np.concatenate(values)).to("cuda")
        model(batch).cpu()

    with torch.inference_mode():
        return median(_rate(once) for _ in range(_ROUNDS)) * len(values)


def _rate(once: Callable[[], None]) -> float:
    for _ in range(10):
        once()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < _SECONDS / 2:
        once()
        count += 1
    return count / (time.perf_counter() - start)


@contextmanager
def _served(name: str, workers: int) -> Iterator[int]:
    """Run a server of one of the services; yields its port."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "BENTO_HOME": home}
        subprocess.run([sys.executable, str(_SERVICES / "nets.py"), name], env=environment, check=True)
        command = [str(Path(sys.executable).with_name("bento")), "serve", name, "--port", "0", "--no-access-log"]
        command += ["--workers", str(workers)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            heard = iter(process.stderr.readline, "")
            ready = next(filter(None, (re.search(r"is ready on http://127.0.0.1:(\d+)", line) for line in heard)))
            # Otherwise the server waits until somebody reads what it logs.
            threading.Thread(target=process.stderr.read).start()
            try:
                yield int(ready[1])
            finally:
                process.terminate()


def _over_http(port: int, values: list[Array], connections: int) -> tuple[float, float, float]:
    """Answers per second, the median latency in seconds, and the mean size of a batch."""
    questions = [Question(_request(value.tobytes()), b"]]") for value in values]
    with Client(port, questions, connections) as client:
        client.keep_asking(1.0)
        before = _batches(port)
        rounds = [client.keep_asking(_SECONDS) for _ in range(_ROUNDS)]
        batches = _batches(port) - before
    total = sum(round.statuses[OK] for round in rounds)
    return median(round.rate for round in rounds), median(round.quantile(0.5) for round in rounds), total / batches


def _request(body: bytes) -> bytes:
    head = ["POST /predict HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/octet-stream", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def _batches(port: int) -> float:
    """How often the model was called so far, according to the server's metrics."""
    import httpx

    page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith("bento_batch_rows_count"))


if __name__ == "__main__":
    main()
