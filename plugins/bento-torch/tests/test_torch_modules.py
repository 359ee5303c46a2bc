"""How a module changes, or does not, between packing and serving."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import nets
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from bento_torch import TorchArtifact, TorchExportArtifact

PROJECT = Path(nets.__file__).parent
SQUARE = torch.linspace(-1, 1, 64).reshape(8, 8)


@pytest.fixture
def again(tmp_path):
    """Save a module, and load it in this process to look at it."""

    def again(model, build=None, device="cpu", **options):
        artifact = TorchArtifact(build or type(model), device=device, **options)
        artifact.save(model, tmp_path)
        return artifact.load(tmp_path)

    return again


def pages(tensor):
    """The kind of memory that holds a tensor, as a line of /proc/self/maps."""
    with Path("/proc/self/maps").open() as maps:
        for line in maps:
            start, end = (int(text, 16) for text in line.split()[0].split("-"))
            if start <= tensor.data_ptr() < end:
                return line
    return ""


def test_a_loaded_module_is_ready_to_answer(again):
    model = again(nets.Net())
    assert not any(part.training for part in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("kind", [nets.Net, nets.Tied, nets.Positions, nets.Mixed])
def test_the_weights_of_a_loaded_module_are_mapped_from_its_file(again, tmp_path, kind):
    tensors = again(kind()).state_dict()
    assert {name for name, tensor in tensors.items() if str(tmp_path / "model.safetensors") not in pages(tensor)} == set()


def test_a_module_that_is_changed_leaves_its_file_alone(again, tmp_path):
    before = (tmp_path / "model.safetensors").read_bytes() if again(nets.Net()) else b""
    model = TorchArtifact(nets.Net, device="cpu").load(tmp_path)
    for parameter in model.parameters():
        parameter.zero_()
    assert (tmp_path / "model.safetensors").read_bytes() == before
    assert TorchArtifact(nets.Net).load(tmp_path).head.weight.any()


MEASURE = """
import os, sys
from pathlib import Path
import bento_torch.filling, bento_torch.state_file, nets, torch

def megabytes(file, name):
    lines = Path("/proc/self", file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) // 1024

def own():
    return megabytes("smaps_rollup", "Anonymous:")

def most():
    return megabytes("status", "VmHWM:")

artifact = bento_torch.TorchArtifact("nets:Wide", device="cpu", width=4096)
threads, own_before, most_before = os.listdir("/proc/self/task"), own(), most()
model = artifact.load(Path(sys.argv[1]))
print(own() - own_before, most() - most_before, len(os.listdir("/proc/self/task")) - len(threads))
with torch.inference_mode():
    model(torch.ones(1, 4096))
print(own() - own_before)
"""


def test_loading_a_module_takes_neither_memory_nor_threads(tmp_path):
    """Then workers share the memory of a model, whether they are forked after loading it or load it themselves."""
    TorchArtifact(nets.Wide, width=4096).save(nets.Wide(4096), tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    run = subprocess.run([sys.executable, "-c", MEASURE, tmp_path], env=environment, capture_output=True, text=True, check=True)
    loaded, at_most, threads, used = map(int, run.stdout.split())
    assert (tmp_path / "model.safetensors").stat().st_size > 128 * 1024**2
    assert max(loaded, at_most, used) < 16
    assert threads == 0


def test_tied_weights_stay_tied(again, tmp_path):
    model = again(nets.Tied())
    assert model.write.weight is model.embed.weight
    assert list(load_file(tmp_path / "model.safetensors")) == ["embed.weight"]


def test_weights_that_were_tied_after_building_are_tied_when_loaded(again):
    model = nets.Net(channels=4)
    model.layers[1].bias = model.layers[1].weight
    loaded = again(model)
    assert loaded.layers[1].bias is loaded.layers[1].weight


@pytest.mark.parametrize("kind", [nets.Hoarder, nets.Viewer, nets.Curious])
def test_a_module_that_does_more_with_its_parameters_gets_copies_of_its_weights(again, kind):
    model = kind()
    loaded = again(model)
    assert "model.safetensors" not in pages(loaded.weight)
    assert torch.equal(loaded(SQUARE), model(SQUARE))


@pytest.mark.parametrize("kind", [nets.Net, nets.Positions, nets.Hoarder])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_module_keeps_its_dtype_with_buffers_that_are_not_kept(again, kind, dtype):
    model = kind().to(dtype)
    loaded = again(model)
    assert {each.dtype for each in loaded.state_dict().values()} == {each.dtype for each in model.state_dict().values()}
    assert all(torch.equal(one, other) for one, other in zip(loaded.buffers(), model.buffers(), strict=True))


def test_complex_numbers_and_small_floats_are_kept(again):
    model = nets.Odds()
    loaded = again(model)
    for name, tensor in model.state_dict().items():
        found = loaded.state_dict()[name]
        assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
        assert torch.equal(found.flatten().resolve_conj().view(torch.uint8), tensor.flatten().resolve_conj().view(torch.uint8))


def test_a_tensor_that_a_module_keeps_as_its_extra_state_is_kept(again):
    model = nets.Odds()
    model.note = torch.tensor([3, 4])
    assert torch.equal(again(model).note, model.note)


def test_the_order_in_memory_is_kept(again, tmp_path):
    model = nets.Odds().to(memory_format=torch.channels_last)
    loaded = again(model)
    assert loaded.pictures.weight.is_contiguous(memory_format=torch.channels_last)
    assert loaded.turned.stride() == model.turned.stride() == (1, 8, 4)
    assert torch.equal(loaded.turned, model.turned)
    assert str(tmp_path) in pages(loaded.turned)


def test_parameters_that_are_views_of_each_other_are_kept_apart(again):
    model = nets.Hoarder()
    model.register_parameter("upper", nn.Parameter(model.weight.detach()[:4]))
    loaded = again(model, build=nets.hoarder_with_a_view)
    assert torch.equal(loaded.upper, model.upper)


def test_the_version_of_a_layer_that_wrote_a_state_reaches_the_layer_that_reads_it(tmp_path):
    """Layers of PyTorch read states of their older versions in another way."""
    artifact = TorchArtifact(nets.Versioned)
    artifact.save(nets.Versioned(), tmp_path)
    nets.Versioned._version = 8
    try:
        assert artifact.load(tmp_path).read == 7
    finally:
        nets.Versioned._version = 7


def test_saving_leaves_the_model_and_the_random_numbers_as_they_were(tmp_path):
    model = nets.Net().train()
    model(SQUARE[None, None]).sum().backward()
    before, state = copy.deepcopy(model), torch.get_rng_state()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    TorchArtifact(nets.Net).save(model, tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    assert [part.training for part in model.modules()] == [part.training for part in before.modules()]
    for one, other, gradient in zip(model.parameters(), before.parameters(), gradients, strict=True):
        assert one.requires_grad
        assert torch.equal(one, other)
        assert torch.equal(one.grad, gradient)


def test_a_module_can_be_saved_again_once_it_is_loaded(again, tmp_path):
    first = again(nets.Mixed())
    before = (tmp_path / "model.safetensors").read_bytes()
    folder = tmp_path / "again"
    folder.mkdir()
    TorchArtifact(nets.Mixed).save(first, folder)
    assert (folder / "model.safetensors").read_bytes() == before


def test_the_function_that_builds_a_module_gets_its_arguments(again):
    assert again(nets.Net(2, classes=3), channels=2, classes=3).head.out_features == 3
    assert TorchArtifact(nets.Net, channels=2).options() == {"build": "nets:Net", "channels": 2}
    assert TorchArtifact("nets.make", device="cpu", kind="Tied").options() == {"build": "nets.make", "device": "cpu", "kind": "Tied"}


def test_a_method_of_a_class_can_build(again):
    assert again(nets.Net(2), build=nets.Net.small).layers[0].out_channels == 2
    assert TorchArtifact(nets.Net.small).options() == {"build": "nets:Net.small"}


def test_a_building_function_cannot_change_the_arguments_of_the_next_build(again, tmp_path):
    artifact = TorchArtifact(nets.greedy, sizes=[2, 3])
    artifact.save(nets.Net(2), tmp_path)
    assert [artifact.load(tmp_path).layers[0].out_channels for _ in range(2)] == [2, 2]


def test_a_module_is_put_on_the_declared_device(again):
    """The meta device of PyTorch stands for any device other than the processor."""
    loaded = again(nets.Tied(), device="meta")
    assert {tensor.device.type for tensor in loaded.state_dict().values()} == {"meta"}


@pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning")
def test_an_exported_program_is_put_on_the_declared_device(tmp_path):
    pictures = torch.zeros(2, 1, 8, 8)
    TorchExportArtifact().save(torch.export.export(nets.Net().eval(), (pictures,)), tmp_path)
    program = TorchExportArtifact(device="meta").load(tmp_path)
    assert program.module()(pictures.to("meta")).device.type == "meta"


def test_the_file_can_be_read_without_bento(again, tmp_path):
    model = nets.Net()
    again(model)
    fresh = nets.Net()
    fresh.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(fresh.head.weight, model.head.weight)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert json.loads(file.metadata()["bento"])["torch"] == torch.__version__


def test_other_threads_can_build_modules_while_one_is_loaded(again):
    again(nets.Net())
    assert not nets.Net().head.weight.is_meta
