"""FastAPI on uvicorn, as its tutorial writes an endpoint: a call for each request, in a thread."""

from __future__ import annotations

import os

from fastapi import FastAPI

from benchmarks.models import fitted

app = FastAPI()
model = fitted(os.environ["BENCHMARK_MODEL"])


@app.post("/predict")
def predict(row: list[float]) -> int:
    """The class of one row of four floats."""
    found: int = model.predict([row])[0].item()
    return found
