"""MLServer, with its adaptive batching: writes its settings into a folder and serves that. Takes the folder and a port."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.models import fitted


class Iris(MLModel):
    """Rows of four floats in, their classes out."""

    async def load(self) -> bool:
        self.model = fitted(os.environ["BENCHMARK_MODEL"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        found = self.model.predict(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("species", found)])


def main() -> None:
    """Serve one model."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(
        json.dumps({"host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2})
    )
    model = {"name": "iris", "implementation": "benchmarks.peers.mlserver_server.Iris", "max_batch_size": 64, "max_batch_time": 0.001}
    (folder / "model-settings.json").write_text(json.dumps(model))
    os.execv(Path(sys.executable).with_name("mlserver"), ["mlserver", "start", str(folder)])


if __name__ == "__main__":
    main()
