"""From a script that trains to answers in other processes."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import httpx
import nets
import pytest
import torch

import bento
from bento_torch import TensorAdapter, TorchArtifact, TorchExportArtifact, TorchScriptArtifact
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/wine.py"
BAROLO = [13.2, 1.8, 2.4, 18.0, 101.0, 2.7, 2.6, 0.3, 1.6, 4.9, 1.0, 3.0, 900.0]
GRIGNOLINO = [12.4, 1.9, 2.3, 20.0, 90.0, 2.1, 2.0, 0.4, 1.5, 2.9, 1.1, 2.8, 500.0]
WINES = json.dumps([BAROLO, GRIGNOLINO])


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path, OMP_NUM_THREADS=None)


def test_the_example_saves_a_bundle_that_answers_elsewhere(run, tmp_path):
    assert "saved wine:" in run(sys.executable, EXAMPLE)
    assert json.loads(run(BENTO, "run", "wine", "grape", "--input", WINES)) == [0, 1]
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("wine")).manifest
    kept = [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts]
    assert kept == [("torch", {"build": "wine:Network", "hidden": 8}, False)]
    assert {line.partition("==")[0] for line in manifest.requirements} == {"bento-core", "bento-torch", "safetensors", "torch"}
    assert f"torch=={torch.__version__.partition('+')[0]}" in manifest.requirements


class Modes(bento.Service):
    """Answers which modes of PyTorch are on while an api runs."""

    model = TorchArtifact(nets.Positions)

    @bento.api(input=TensorAdapter(shape=(8, 4), dtype="float32"))
    def plain(self, rows):
        return torch.stack([torch.tensor(torch.is_inference_mode_enabled()), torch.tensor(self.model(rows).requires_grad)])

    @bento.api(input=TensorAdapter(shape=(8, 4), dtype="float32"))
    async def waits(self, rows):
        return torch.stack([torch.tensor(torch.is_inference_mode_enabled()), torch.tensor(self.model(rows).requires_grad)])

    @bento.api
    def hinted(self, rows: torch.Tensor):
        return rows.mul(2)

    @bento.api(input=TensorAdapter(shape=(8, 4), dtype="float32"), batch=True)
    def change(self, rows):
        answers = self.model(rows)
        answers += 1
        return answers


@pytest.fixture
def ask(tmp_path):
    """The answer of an api of a service with a loaded model."""
    TorchArtifact(nets.Positions).save(nets.Positions(), tmp_path)
    service = Modes(model=TorchArtifact(nets.Positions).load(tmp_path))

    async def post(api):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(bento.app(service)), base_url="http://testserver") as client:
            return (await client.post(f"/{api}", json=torch.ones(8, 4).tolist())).json()

    return lambda api: asyncio.run(post(api))


def test_an_api_is_called_in_inference_mode(ask):
    assert ask("plain") == [True, False]
    assert not torch.is_inference_mode_enabled()


def test_an_async_api_is_not_called_in_inference_mode_but_needs_no_gradients(ask):
    assert ask("waits") == [False, False]


def test_type_hints_and_answers_of_tensors_need_no_adapter(ask):
    assert ask("hinted") == torch.full((8, 4), 2.0).tolist()


def test_an_api_can_change_what_the_model_answers(ask):
    expected = nets.Positions()(torch.ones(8, 4)) + 1
    assert torch.allclose(torch.tensor(ask("change")), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.torch.jit")
@pytest.mark.parametrize("artifact", [TorchArtifact(nets.Net), TorchExportArtifact(), TorchScriptArtifact()])
def test_every_artifact_answers_in_inference_mode(artifact):
    with artifact.around():
        assert torch.is_inference_mode_enabled()
    assert not torch.is_inference_mode_enabled()


SERVED = """
import bento, torch
from bento.adapters import JsonAdapter
from bento_torch import TensorAdapter, TorchArtifact
from nets import Net

class Served(bento.Service):
    model = TorchArtifact(build=Net)

    @bento.api(input=TensorAdapter(shape=(None, 1, 8, 8), dtype="float32"), batch=True)
    def tell(self, pictures):
        return self.model(pictures)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def about(self, value):
        return {"threads": torch.get_num_threads(), "inference": torch.is_inference_mode_enabled()}

if __name__ == "__main__":
    torch.manual_seed(0)
    bento.save(Served(model=Net()))
"""


@pytest.fixture
def script(run, tmp_path):
    shutil.copy(nets.__file__, tmp_path)
    (tmp_path / "served.py").write_text(SERVED)
    run(sys.executable, "served.py")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_answers_with_the_model_in_inference_mode_and_shares_the_processors(script, run, workers):
    pictures = torch.rand(3, 1, 8, 8)
    torch.manual_seed(0)
    expected = nets.Net().eval()(pictures)
    with run.served("served", "--workers", str(workers)) as server:
        body = TensorAdapter().encode(pictures, "application/x-npy")
        answer = httpx.post(f"{server.url}/tell", content=body, headers={"Content-Type": "application/x-npy"}, timeout=60)
        assert torch.allclose(torch.tensor(answer.json()), expected, atol=1e-5)
        about = httpx.post(f"{server.url}/about", json=1, timeout=60).json()
    assert about["inference"]
    assert 1 <= about["threads"] <= max(1, len(os.sched_getaffinity(0)) // workers)


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_torch; bento_torch.TorchExportArtifact(); bento_torch.TorchArtifact('nets:Net', channels=2); "
        "print([name for name in ('numpy', 'safetensors', 'torch', 'nets') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"
