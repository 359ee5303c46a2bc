"""LitServe, with batches of up to 64 requests."""

import os
import sys
from typing import Any

import litserve
import numpy as np
from fastapi import Request

from benchmarks.models import fitted


class Iris(litserve.LitAPI):
    """A row of four floats in, its class out."""

    def setup(self, device: str) -> None:
        self.model = fitted(os.environ["BENCHMARK_MODEL"])

    def decode_request(self, request: Request) -> Any:
        return np.array(request["input"])

    def predict(self, x: Any) -> Any:
        return self.model.predict(x)

    def encode_response(self, output: Any) -> Any:
        return {"output": int(output)}


if __name__ == "__main__":
    api = Iris(max_batch_size=64, batch_timeout=0.001)
    litserve.LitServer(api, accelerator="cpu").run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
