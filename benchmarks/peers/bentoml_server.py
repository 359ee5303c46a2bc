"""BentoML 1.4, with its adaptive batching."""

import os
import time

import bentoml
import numpy as np

from benchmarks.models import fitted


@bentoml.service
class Iris:
    """Rows of four floats in, their classes out."""

    def __init__(self) -> None:
        self.model = fitted(os.environ["BENCHMARK_MODEL"])

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.model.predict(rows)
        return found


@bentoml.service(traffic={"timeout": 1})
class Slow:
    """A hundredth of a second for each item."""

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict(self, rows: list[int]) -> list[int]:
        time.sleep(0.01 * len(rows))
        return rows
