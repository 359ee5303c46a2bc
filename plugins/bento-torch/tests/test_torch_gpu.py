"""On a GPU: the place of models and tensors, running out of memory, losing the GPU, and many workers on one GPU."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import hungry
import nets
import pytest
import torch
from kit import made

import bento
from bento import Payload
from bento_torch import TensorAdapter, TorchArtifact, TorchExportArtifact, TorchScriptArtifact
from commands import BENTO, Commands

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that PyTorch sees"),
    pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning"),
]

SQUARE = torch.linspace(-1, 1, 64).reshape(8, 8)
PICTURES = SQUARE.reshape(1, 1, 8, 8)


def program(device="cpu"):
    return torch.export.export(made(nets.Net).to(device), (PICTURES.to(device),))


def scripted(device="cpu"):
    return torch.jit.script(made(nets.Net).to(device))


def module(device="cpu"):
    return made(nets.Net).to(device)


KINDS = {"module": (TorchArtifact, module), "script": (TorchScriptArtifact, scripted), "program": (TorchExportArtifact, program)}


def artifact_of(kind, **options):
    return TorchArtifact(nets.Net, **options) if kind is TorchArtifact else kind(**options)


def answer(model, device):
    with torch.inference_mode():
        return (model.module() if hasattr(model, "module") else model)(PICTURES.to(device)).cpu()


@pytest.mark.parametrize("kind", [nets.Net, nets.Tied, nets.Positions, nets.Mixed, nets.Hoarder, nets.Curious])
def test_with_device_auto_all_of_a_loaded_module_is_on_the_gpu(tmp_path, kind):
    TorchArtifact(kind).save(made(kind), tmp_path)
    model = TorchArtifact(kind).load(tmp_path)
    assert {str(tensor.device) for tensor in [*model.parameters(), *model.buffers()]} == {"cuda:0"}


def test_tied_weights_are_tied_on_the_gpu(tmp_path):
    TorchArtifact(nets.Tied).save(made(nets.Tied), tmp_path)
    model = TorchArtifact(nets.Tied).load(tmp_path)
    assert model.write.weight is model.embed.weight


@pytest.mark.parametrize("name", KINDS)
def test_a_model_on_a_gpu_answers_as_on_the_processor(tmp_path, name):
    kind, make = KINDS[name]
    artifact_of(kind).save(make(), tmp_path)
    expected = answer(artifact_of(kind, device="cpu").load(tmp_path), "cpu")
    assert torch.allclose(answer(artifact_of(kind).load(tmp_path), "cuda"), expected, atol=1e-4)
    assert torch.allclose(answer(artifact_of(kind, device="cuda:0").load(tmp_path), "cuda"), expected, atol=1e-4)


ELSEWHERE = """
import sys
from pathlib import Path
import torch
from test_torch_gpu import KINDS, answer, artifact_of
print(torch.cuda.is_available(), answer(artifact_of(KINDS[sys.argv[1]][0]).load(Path(sys.argv[2])), "cpu").tolist())
"""


@pytest.mark.parametrize("name", KINDS)
def test_a_model_saved_on_a_gpu_answers_on_a_machine_without_one(tmp_path, name):
    kind, make = KINDS[name]
    artifact_of(kind).save(make("cuda"), tmp_path)
    expected = answer(artifact_of(kind, device="cpu").load(tmp_path), "cpu")
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": path}
    command = [sys.executable, "-W", "ignore", "-c", ELSEWHERE, name, tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sees, _, answered = done.stdout.partition(" ")
    assert sees == "False"
    assert torch.allclose(torch.tensor(json.loads(answered)), expected, atol=1e-6)


def test_a_module_has_the_same_file_wherever_it_was(tmp_path):
    folders = [tmp_path / device for device in ("cpu", "cuda")]
    for folder in folders:
        folder.mkdir()
        TorchArtifact(nets.Tied).save(made(nets.Tied).to(folder.name), folder)
    assert len({(folder / "model.safetensors").read_bytes() for folder in folders}) == 1


def test_a_missing_gpu_is_refused(tmp_path):
    TorchArtifact(nets.Net).save(made(nets.Net), tmp_path)
    with pytest.raises(bento.ArtifactError, match=r"^there is no device 'cuda:99' here: .*: device='auto' takes the best there is$"):
        TorchArtifact(nets.Net, device="cuda:99").load(tmp_path)


# Tensors


@pytest.mark.parametrize("dtype", ["bool", "int64", "float16", "float32", "bfloat16"])
def test_a_request_becomes_a_tensor_on_the_gpu_and_an_answer_comes_from_there(dtype):
    adapter = TensorAdapter(shape=(None, 2), dtype=dtype)
    item = adapter.decode(Payload(b"[[0, 1], [1, 0]]", "application/json"))
    batch = adapter.stack([item, item])
    assert (item.device.type, adapter.alone(item).device.type) == ("cpu", "cuda")
    assert (batch.device.type, batch.dtype, tuple(batch.shape)) == ("cuda", getattr(torch, dtype), (4, 2))
    one, other = adapter.unstack(batch, [2, 2])
    assert one.device.type == other.device.type == "cpu"
    for media_type in adapter.media_types:
        assert torch.equal(adapter.decode(Payload(adapter.encode(batch, media_type), media_type)).cpu(), batch.cpu())


@pytest.mark.parametrize("rows", [None, 1, 3])
def test_tensors_go_to_the_gpu_through_pinned_memory_which_is_not_used_again_too_early(rows):
    """The copy goes on while Python runs, so later writes into the body or the next batch must not get into it."""
    before = torch.cuda.host_memory_stats()["active_requests.allocated"]
    adapter = TensorAdapter(shape=(1 << 20,) if rows is None else (None, 1 << 20), dtype="float32")
    body = bytearray(4 * (rows or 1) << 20)
    batches = []
    for number in range(1, 30):
        item = adapter.decode(Payload(body, "application/octet-stream"))
        item.fill_(number)
        batches += [adapter.alone(item), adapter.stack([item]), adapter.stack([item, item])]
    pinned = torch.cuda.host_memory_stats()["active_requests.allocated"] - before
    assert [batch.unique().tolist() for batch in batches] == [[float(number)] for number in range(1, 30) for _ in range(3)]
    assert pinned >= len(batches)


# A server


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path, OMP_NUM_THREADS=None)


@pytest.fixture
def saved(tmp_path):
    return bento.save(hungry.service(), store=bento.Store(tmp_path / "home"))


def ask(url, api, *bodies):
    """The answers to requests that come at the same time."""

    async def post():
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            return await asyncio.gather(*(client.post(f"/{api}", json=body) for body in bodies))

    return asyncio.run(post())


def expected():
    return hungry.service().model(PICTURES)


def answers_well(url):
    (answer,) = ask(url, "tell", PICTURES.tolist())
    return torch.allclose(torch.tensor(answer.json()), expected(), atol=1e-4)


def test_a_request_that_needs_more_memory_than_the_gpu_has_fails_alone(saved, run):
    """It shares a batch with others that need all the memory between them, and still holds what it took before it failed."""
    with run.served("served") as server:
        assert answers_well(server.url)
        (before,) = ask(server.url, "about", 1)
        for _ in range(3):
            answers = ask(server.url, "eat", [700.0, 2000.0], [700.0], [600.0])
            assert [answer.status_code for answer in answers] == [500, 200, 200]
        assert answers_well(server.url)
        (after,) = ask(server.url, "about", 1)
        assert after.json() == before.json()
    assert len(re.findall(r"eat failed for request \S+: OutOfMemoryError", server.said)) == 3
    assert server.process.returncode == 0


def test_a_batch_that_is_too_large_for_the_memory_is_answered_in_parts(saved, run):
    with run.served("served") as server:
        for _ in range(2):  # the first request of a process is answered alone
            answers = ask(server.url, "eat", *[[600.0]] * 4)
            assert [answer.status_code for answer in answers] == [200] * 4


def test_workers_on_a_gpu_load_for_themselves_and_are_replaced(saved, run):
    """No process survives a fork once it has used a GPU."""
    with run.served("served", "--workers", "2") as server:
        first = processes(server)
        os.kill(min(first), signal.SIGKILL)
        assert len(processes(server) - first) == 1
        assert answers_well(server.url)
    assert re.search(
        r"each of 2 workers loads served:\S+ for itself, because a fork after that is unsafe: /dev/\S+ is in use\n", server.said
    )
    assert server.process.returncode == 0


# Every model on that GPU is lost, and the first one is named.
LOST = "the model 'model' is lost to this process: AcceleratorError: CUDA error: device-side assert triggered"


def test_a_worker_whose_gpu_is_lost_is_replaced(saved, run):
    """An index out of range ends all use of the GPU in its process, also for later requests."""
    with run.served("served", "--workers", "2") as server:
        first = processes(server)
        assert [answer.status_code for answer in ask(server.url, "look_up", [1, 2])] == [200]
        assert [answer.status_code for answer in ask(server.url, "look_up", [99])] == [500]
        assert len(processes(server) & first) == 1
        assert all(answers_well(server.url) for _ in range(8))
    assert LOST in server.said
    assert server.process.returncode == 0


def test_a_server_of_one_process_whose_gpu_is_lost_ends_with_an_error(saved, run):
    with run.served("served") as server:
        assert [answer.status_code for answer in ask(server.url, "look_up", [99])] == [500]
        assert server.process.wait(30) != 0
    assert LOST in server.said


def processes(server, count=2):
    """The workers that answer, all on the GPU, once the wanted number of them is alive."""
    found = set()
    while len(found) < count:
        try:
            abouts = [answer.json() for answer in ask(server.url, "about", *[1] * 8)]
        except httpx.TransportError:
            continue
        assert {about["device"] for about in abouts} == {"cuda:0"}
        found = {process for process in found | {about["process"] for about in abouts} if Path(f"/proc/{process}").exists()}
    return found


def test_doctor_names_the_gpu(saved, run):
    command = [BENTO, "doctor", str(saved.tag), "--json"]
    done = subprocess.run(command, env=run.environment(), capture_output=True, text=True, check=False)
    (gpu,) = (finding for finding in json.loads(done.stdout)["findings"] if finding["kind"] == "gpu")
    assert (gpu["here"], gpu["result"]) == (", ".join(torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())), "ok")
