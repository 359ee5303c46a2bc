"""mosec; `BENCHMARK_BATCH` is how many requests share a call, 1 for none."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from mosec import Server, SSEWorker, Worker

from benchmarks.models import fitted

_BATCH = int(os.environ.get("BENCHMARK_BATCH", "1"))


class Iris(Worker):
    """A row of four floats in, its class out."""

    def __init__(self) -> None:
        self.model = fitted(os.environ["BENCHMARK_MODEL"])

    def forward(self, data: Any) -> Any:
        if _BATCH == 1:
            return self.model.predict(np.array([data]))[0].item()
        return self.model.predict(np.array(data)).tolist()


class Tensor(Worker):
    """The bytes of float32 images in, their number and the first value of the first out."""

    def deserialize(self, data: bytes) -> Any:
        return np.frombuffer(data, "<f4").reshape(-1, 3, 224, 224)

    def forward(self, data: Any) -> Any:
        return [len(data), data[0, 0, 0, 0].item()]


class Slow(Worker):
    """A hundredth of a second for each item."""

    def forward(self, data: Any) -> Any:
        time.sleep(0.01)
        return data


class Counter(SSEWorker):
    """Server-sent events, one for each number from one to another."""

    def forward(self, data: Any) -> Any:
        for number in range(*data):
            self.send_stream_event(str(number))
        return data


if __name__ == "__main__":
    server = Server()
    worker = {"tensor": Tensor, "slow": Slow, "counter": Counter}.get(os.environ["BENCHMARK_MODEL"], Iris)
    server.append_worker(worker, max_batch_size=_BATCH, max_wait_time=1 if _BATCH > 1 else 0)
    server.run()
