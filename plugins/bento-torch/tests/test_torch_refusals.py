"""The errors for models that cannot be saved or loaded, word for word."""

import json
import pickle
import re
import struct
import zipfile
from pathlib import Path

import nets
import pytest
import torch
from torch import nn

import bento
from bento import ArtifactError, DefinitionError
from bento_torch import TensorAdapter, TorchArtifact, TorchExportArtifact, TorchScriptArtifact
from refusals import refuses


def says(model, message, build=None, **options):
    """Saving a model is refused with a message."""
    refuses(lambda: TorchArtifact(build or nets.Net, **options).save(model, Path("/nowhere")), message)


BUILDS = "expected TorchArtifact(build=...) with a class or function that makes the module, or its name as in 'nets:Net', got "


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: TorchArtifact(nets.Net()),
            f"{BUILDS}{nets.Net()!r}",
        ),
        (
            lambda: TorchArtifact("Net"),
            f"{BUILDS}'Net'",
        ),
        (
            lambda: TorchArtifact(nets.greedy, sizes=(2, 3)),
            "TorchArtifact cannot keep sizes=(2, 3) for nets:greedy: expected lists, dicts, texts, numbers and None",
        ),
        (
            lambda: TorchArtifact(nets.Net, device="the GPU"),
            "expected TorchArtifact(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got 'the GPU'",
        ),
        (
            lambda: TorchScriptArtifact(device=1),
            "expected TorchScriptArtifact(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got 1",
        ),
        (
            lambda: TorchExportArtifact(device=""),
            "expected TorchExportArtifact(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got ''",
        ),
        (
            lambda: TensorAdapter(device=None),
            "expected TensorAdapter(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got None",
        ),
    ],
)
def test_an_artifact_that_is_declared_wrong_is_refused_at_once(make, message):
    refuses(make, message, DefinitionError)


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_a_model_of_another_class_is_refused_with_a_hint_at_the_right_one_inside_it():
    says(nets.Tied(), "the model is a nets.Tied, and nets.Net() makes a nets.Net: pack what build makes")
    wrapped = nn.DataParallel(nets.Net())
    says(wrapped, "the model is a torch.nn.parallel.data_parallel.DataParallel, and nets.Net() makes a nets.Net: pass its .module")
    compiled = torch.compile(nets.Net())
    says(compiled, "the model is a torch._dynamo.eval_frame.OptimizedModule, and nets.Net() makes a nets.Net: pass its ._orig_mod")


class Nets(bento.Service):
    module = TorchArtifact(nets.Net)
    script = TorchScriptArtifact()
    program = TorchExportArtifact()


def exported():
    return torch.export.export(nn.Linear(2, 1), (torch.ones(1, 2),))


@pytest.mark.filterwarnings("ignore:.torch.jit")
@pytest.mark.parametrize(
    ("slot", "make", "kind", "advice"),
    [
        (
            "module",
            nets.Net().state_dict,
            "a collections.OrderedDict",
            "it is a state: give it to a module with load_state_dict(), and pack the module",
        ),
        ("module", lambda: "net.pt", "the str 'net.pt'", "load 'net.pt' into a module with load_state_dict(), and pack the module"),
        ("module", lambda: torch.jit.script(nn.ReLU()), "a torch.jit._script.RecursiveScriptModule", "TorchScriptArtifact keeps one"),
        ("module", exported, "a torch.export.exported_program.ExportedProgram", "TorchExportArtifact keeps one"),
        ("script", nn.ReLU, "a torch.nn.modules.activation.ReLU", "pack what torch.jit.script or torch.jit.trace makes of it"),
        ("program", nn.ReLU, "a torch.nn.modules.activation.ReLU", "pack what torch.export.export makes of it"),
    ],
    ids=["state", "file", "script", "program", "no script", "no program"],
)
def test_an_object_that_a_format_does_not_keep_is_refused_with_the_way_out(slot, make, kind, advice):
    fitting = {"module": nets.Net(), "script": torch.jit.script(nn.ReLU()), "program": exported()}
    message = f"Nets.{slot} is a {type(Nets.artifacts[slot]).__name__}, which does not keep {kind}: {advice}"
    refuses(lambda: Nets(**{**fitting, slot: make()}), message)


def test_a_bare_module_is_refused_with_the_format_that_keeps_it():
    message = "no installed plugin provides a service for a nets.Net: write a bento.Service with a slot for it, of TorchArtifact"
    refuses(lambda: bento.save(nets.Net(), "net"), message)


def test_a_state_that_does_not_fit_is_refused_by_name():
    model = nets.Net()
    model.extra = nn.Parameter(torch.ones(2))
    del model.head.bias
    says(
        model,
        "the model is not what nets.Net(classes=3) makes: it lacks 'head.bias', it has 'extra', 'head.weight' has the shape (10, 144) and "
        "not (3, 144): give TorchArtifact what the model was built with",
        classes=3,
    )


def test_only_the_first_faults_are_listed():
    faults = ", ".join(f"it has '{number}'" for number in range(5))
    model = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(7)])
    says(
        model,
        f"the model is not what torch.nn.modules.container.ParameterList() makes: {faults} and 2 more: give TorchArtifact what the model "
        "was built with",
        build=nn.ParameterList,
    )


def test_layers_without_a_state_are_compared_too():
    model = nets.Net()
    model.layers[2] = nn.GELU()
    model.layers[0].stride = (2, 2)
    says(
        model,
        "the model is not what nets.Net() makes: 'layers.0' is Conv2d(1, 4, kernel_size=(3, 3), stride=(2, 2)) and not Conv2d(1, 4, "
        "kernel_size=(3, 3), stride=(1, 1)), 'layers.2' is GELU(approximate='none') and not ReLU(): give TorchArtifact what the model was "
        "built with",
    )
    less, more = nets.Net(), nets.Net()
    del less.layers[3:]
    more.layers.append(nn.Tanh())
    says(
        less,
        "the model is not what nets.Net() makes: it has no 'layers.3', it has no 'layers.4': give TorchArtifact what the model was built "
        "with",
    )
    says(more, "the model is not what nets.Net() makes: it has 'layers.5', a Tanh(): give TorchArtifact what the model was built with")


def test_weights_tied_by_the_builder_but_not_in_the_model_are_refused():
    model = nets.Tied()
    model.write.weight = nn.Parameter(torch.ones(8, 4))
    says(
        model,
        "the model is not what nets.Tied() makes: 'write.weight' is another tensor than 'embed.weight': give TorchArtifact what the model "
        "was built with",
        build=nets.Tied,
    )


def test_a_build_that_fails_is_an_error_with_its_reason(tmp_path):
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'depth'"):
        TorchArtifact(nets.Net, depth=3).save(nets.Net(), tmp_path)
    refuses(lambda: TorchArtifact("os:getcwd").save(nets.Net(), tmp_path), "os.getcwd() makes a str: expected a torch.nn.Module")
    path = saved(tmp_path)
    refuses(
        lambda: TorchArtifact("nets:Nothing").load(tmp_path),
        f"cannot load {str(path)!r} into nets.Nothing(): AttributeError: module 'nets' has no attribute 'Nothing'",
    )


PROGRAM = "keep the program of the model with TorchExportArtifact instead"


TENSORS = {
    "of another dtype": (
        lambda: torch.ones(2, dtype=torch.complex128),
        "has the dtype torch.complex128, for which the format has no name: convert it with .to(...)",
    ),
    "sparse": (lambda: torch.ones(2, 2).to_sparse(), f"is sparse: make it dense with to_dense(), or {PROGRAM}"),
    "nested": (
        lambda: torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
        f"is nested: make it dense with to_dense(), or {PROGRAM}",
    ),
    "quantised": (
        lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        f"is quantised, and means nothing without its scales: {PROGRAM}",
    ),
    "empty": (
        lambda: torch.ones(2, device="meta"),
        "is on the meta device, where it has no values: give the model its values first",
    ),
    "special": (
        lambda: torch.ones(2).as_subclass(nets.Special),
        f"is a nets.Special, which means more than its values: {PROGRAM}",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_that_cannot_be_kept_is_refused_by_name(name):
    make, fault = TENSORS[name]
    says(nets.Holder(make()), f"cannot keep 'odd' of the model's state: it {fault}", build=lambda: nets.Holder(make()))


def test_a_lazy_module_has_to_be_called_first():
    says(
        nn.LazyLinear(2),
        "cannot keep 'weight' of the model's state: it has no shape yet: call the model once before it is packed",
        build="torch.nn:LazyLinear",
        out_features=2,
    )


def test_a_state_that_is_not_a_tensor_is_refused_by_name():
    says(
        nets.Keeper(),
        f"cannot keep '_extra_state' of the model's state: it is a dict and not a tensor, as in quantised and custom modules: {PROGRAM}",
        build=nets.Keeper,
    )


def saved(folder, model=None):
    TorchArtifact(nets.Net).save(model or nets.Net(), folder)
    return folder / "model.safetensors"


def with_header(path, **changes):
    """Change the header of a safetensors file."""
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    for name, change in changes.items():
        header[name] = {**header[name], **change}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


@pytest.mark.parametrize(
    "change",
    [
        {"head.bias": {"shape": [1 << 40]}},
        {"head.bias": {"shape": [-1]}},
        {"head.bias": {"data_offsets": [0, 1 << 40]}},
        {"head.bias": {"dtype": "F1024"}},
        {"__metadata__": {"bento": "[]"}},
        {"__metadata__": {"bento": "nothing"}},
    ],
    ids=str,
)
def test_a_file_whose_header_does_not_match_its_content_is_refused(tmp_path, change):
    path = saved(tmp_path)
    with_header(path, **change)
    with pytest.raises(ArtifactError, match=rf"^{re.escape(repr(str(path)))} is damaged: "):
        TorchArtifact(nets.Net).load(tmp_path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"same": {"head.bias": "head.weight"}}, "it has one name for two tensors, or a name for none"),
        ({"same": {"tail": "nothing"}}, "it has one name for two tensors, or a name for none"),
        ({"axes": {"head.weight": [1, 1]}}, "it has an order of axes that a tensor cannot have"),
        ({"axes": {"nothing": [0]}}, "it has an order of axes that a tensor cannot have"),
        ({"versions": {"": "2"}}, "it has a version that is not a number"),
        ({"buffers": {"mask": "load"}}, "it has a buffer of no dtype"),
        ({"same": []}, "its metadata has no 'bento' that says how its tensors make a state"),
    ],
)
def test_a_file_with_invalid_metadata_is_refused(tmp_path, change, fault):
    path = saved(tmp_path)
    beside = {"same": {}, "axes": {}, "versions": {}, "buffers": {}, **change}
    with_header(path, __metadata__={"bento": json.dumps(beside)})
    refuses(lambda: TorchArtifact(nets.Net).load(tmp_path), f"{str(path)!r} is damaged: {fault}")


def test_a_file_of_another_module_is_refused_by_name(tmp_path):
    path = saved(tmp_path)
    refuses(
        lambda: TorchArtifact(nets.Net, classes=3).load(tmp_path),
        f"cannot load {str(path)!r}: the state is not one of what nets.Net(classes=3) makes: 'head.weight' has the shape (10, 144) and not "
        "(3, 144), 'head.bias' has the shape (10,) and not (3,)",
    )


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda model, path: path.write_bytes(pickle.dumps(model))])
def test_a_pickle_in_place_of_the_state_is_refused_and_runs_nothing(tmp_path, write):
    saved(tmp_path)
    write({"weight": Canary(tmp_path / "canary")}, tmp_path / "model.safetensors")
    with pytest.raises(ArtifactError, match=r"model.safetensors' is damaged: "):
        TorchArtifact(nets.Net).load(tmp_path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("kind", [TorchExportArtifact, TorchScriptArtifact])
def test_an_archive_that_unpacks_to_much_more_than_its_size_is_refused(tmp_path, kind):
    path = tmp_path / {"torch-export": "model.pt2", "torchscript": "model.pt"}[kind.name]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data/0", bytes(65 << 20))
    refuses(lambda: kind().load(tmp_path), f"{str(path)!r} is damaged: its entries are larger than the file")
    path.write_bytes(b"no archive")
    refuses(lambda: kind().load(tmp_path), f"{str(path)!r} is damaged: File is not a zip file")


def test_a_missing_device_is_refused(tmp_path):
    saved(tmp_path)
    with pytest.raises(ArtifactError, match=r"^there is no device 'xpu:7' here: .*: device='auto' takes the best there is$"):
        TorchArtifact(nets.Net, device="xpu:7").load(tmp_path)


def test_a_bare_module_without_a_service_is_refused_because_its_builder_is_unknown(tmp_path):
    refuses(
        lambda: bento.save(nets.Net(), "net", store=bento.Store(tmp_path)),
        "no installed plugin provides a service for a nets.Net: write a bento.Service with a slot for it, of TorchArtifact",
    )
    assert [kind.default_service(artifact) for kind, artifact in [(TorchArtifact, TorchArtifact(nets.Net))]] == [None]


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_each_artifact_keeps_its_own_kind_only():
    script = torch.jit.script(nets.Net())
    program = torch.export.export(nets.Net(), (torch.zeros(2, 1, 8, 8),))
    models = [nets.Net(), script, program]
    artifacts = [TorchArtifact(nets.Net), TorchScriptArtifact(), TorchExportArtifact()]
    assert [[artifact.accepts(model) for model in models] for artifact in artifacts] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert [artifact.accepts(nets.Net) for artifact in artifacts] == [False, False, False]
    assert [artifact.runs_code for artifact in artifacts] == [False, True, True]
