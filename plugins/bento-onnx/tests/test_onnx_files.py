"""Which files a model may name, how it may describe its tensors, and how others are refused."""

import re
import time
from pathlib import Path

import graphs
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, onnx_ml_pb2

from bento import ArtifactError
from bento_onnx import OnnxArtifact
from bento_onnx.tensors import CHILDREN
from refusals import refuses


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


@pytest.fixture
def slot(tmp_path):
    (tmp_path / "slot").mkdir()
    return tmp_path / "slot"


def forged(path, **entries):
    """Write a model that says its weights lie elsewhere."""
    model = graphs.product()
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        weights.external_data.add(key=key, value=str(value))
    path.write_bytes(model.SerializeToString())
    return path


def test_every_field_through_which_a_tensor_can_be_reached_is_followed():
    """The fields are taken from onnx's own definition of the format."""

    def leads_to_tensors(message, seen=()):
        fields = [field.message_type for field in message.fields if field.message_type and message.name not in seen]
        return message.name == "TensorProto" or any(leads_to_tensors(each, (*seen, message.name)) for each in fields)

    found, todo = {}, [onnx_ml_pb2.ModelProto.DESCRIPTOR]
    while todo:
        message = todo.pop()
        if message.name in found or message.name == "TensorProto":
            continue
        followed = [field for field in message.fields if field.message_type and leads_to_tensors(field.message_type)]
        found[message.name] = {field.number: field.message_type.name for field in followed}
        todo += [field.message_type for field in followed]
    assert found == CHILDREN


def test_weights_beside_the_model_and_below_are_copied_in(folder, slot):
    (folder / "deep").mkdir()
    path = forged(folder / "net.onnx", location="deep/weights.bin", offset=4, length=48)
    (folder / "deep/weights.bin").write_bytes(b"else" + graphs.WEIGHTS.tobytes())
    (folder / "secret").write_text("not the model's")
    OnnxArtifact().save(path, slot)
    assert sorted(str(each.relative_to(slot)) for each in slot.rglob("*") if each.is_file()) == ["deep/weights.bin", "model.onnx"]
    session = OnnxArtifact().load(slot)
    assert session.run(None, {"rows": np.ones((1, 4), "float32")})[0].tolist() == [[18, 22, 26]]


@pytest.mark.parametrize("where", ["/etc/hostname", "../secret", "deep/../../secret", ".", "net.onnx", "model.onnx", "a\0b"])
def test_a_file_elsewhere_is_refused_when_a_model_is_saved(folder, slot, where):
    (folder.parent / "secret").write_bytes(bytes(48))
    path = forged(folder / "net.onnx", location=where)
    refuses(
        lambda: OnnxArtifact().save(path, slot),
        f"{str(path)!r} keeps 'weights' in {where!r}: expected another file in the model's folder or below it: "
        "write the model with onnx.save(model, path, save_as_external_data=True)",
    )
    assert list(slot.iterdir()) == []


@pytest.mark.parametrize("where", ["/etc/hostname", "../secret"])
def test_a_file_elsewhere_is_refused_when_a_forged_model_is_loaded(slot, where):
    (slot.parent / "secret").write_bytes(bytes(48))
    forged(slot / "model.onnx", location=where)
    with pytest.raises(ArtifactError, match="expected another file in the model's folder or below it"):
        OnnxArtifact().load(slot)


def test_an_address_in_the_process_memory_is_not_accepted_as_a_file(slot):
    """ONNX Runtime has a name for addresses in its own process."""
    forged(slot / "model.onnx", location="*/_ORT_MEM_ADDR_/*", offset=4096, length=48)
    refuses(lambda: OnnxArtifact().load(slot), f"no file {str(slot / '*/_ORT_MEM_ADDR_/*')!r}: No such file or directory")


@pytest.mark.parametrize("where", ["weights.bin", "deep/weights.bin"])
def test_a_link_is_refused(folder, slot, where):
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere/weights.bin").write_bytes(bytes(48))
    (folder / "weights.bin").symlink_to("../elsewhere/weights.bin")
    (folder / "deep").symlink_to("../elsewhere")
    path = forged(folder / "net.onnx", location=where)
    with pytest.raises(ArtifactError, match="is a link, which could lead anywhere: copy what it leads to in its place, as cp -"):
        OnnxArtifact().save(path, slot)


def test_a_model_that_is_a_link_or_missing_or_a_folder_is_refused(folder, slot):
    path = folder / "net.onnx"
    refuses(lambda: OnnxArtifact().save(path, slot), f"no file {str(path)!r}: No such file or directory")
    path.symlink_to("other.onnx")
    refuses(
        lambda: OnnxArtifact().save(path, slot),
        f"{str(path)!r} is a link, which could lead anywhere: copy what it leads to in its place, as cp -L does",
    )
    path.unlink()
    path.mkdir()
    refuses(lambda: OnnxArtifact().save(path, slot), f"{str(path)!r} is not a file")


def test_weights_beyond_the_end_of_their_file_are_refused(folder, slot):
    path = forged(folder / "net.onnx", location="weights.bin", offset=16)
    (folder / "weights.bin").write_bytes(bytes(48))
    refuses(lambda: OnnxArtifact().save(path, slot), f"{str(path)!r} keeps 'weights' in bytes 16 to 64 of 'weights.bin', which has 48")


PLACES = [
    {},
    {"offset": 0},
    {"location": "w", "offset": -1},
    {"location": "w", "length": "all"},
    {"location": "w", "length": 12},
]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_an_invalid_place_of_weights_is_refused(slot, place):
    path = forged(slot / "model.onnx", **place)
    (slot / "w").write_bytes(bytes(48))
    message = f"{str(path)!r} is not an ONNX model, or a damaged one: the tensor 'weights' "
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}"):
        OnnxArtifact().load(slot)


def damaged(change):
    model = graphs.product()
    change(model.graph.initializer[0])
    return model.SerializeToString()


def two_locations(tensor):
    tensor.external_data.add(key="location", value="one")
    tensor.external_data.add(key="location", value="two")


def few_values(tensor):
    tensor.ClearField("raw_data")
    tensor.float_data.extend([1.0])
    tensor.dims[:] = [1 << 40]


def many_axes(tensor):
    tensor.dims[:] = [1 << 62] * 100_000


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it is empty"),
        (b"an .ort file", "a field of 8 bytes in 2"),
        (b"\x08\x0a", "it has no graph"),
        (b"\x08\xff", "the number at byte 1 has no end"),
        (b"\x0b", "byte 1 begins no field"),
        (graphs.product().SerializeToString()[:-4], "a field of "),
        (damaged(lambda tensor: tensor.dims.__setitem__(0, 5)), "the tensor 'weights' of shape [5, 3] has 48 bytes, not 60"),
        (damaged(lambda tensor: tensor.dims.__setitem__(0, -4)), "the tensor 'weights' has the shape [-4, 3]"),
        (damaged(few_values), f"the tensor 'weights' of shape [{1 << 40}] has values for 4 at most"),
        (damaged(two_locations), "a tensor has two of 'location'"),
        (damaged(many_axes), "the tensor 'weights' has 100000 axes, of which at most 255 are read"),
        (
            graphs.one_step("EPContext", [], [("y", TensorProto.FLOAT, [1])], domain="com.microsoft").SerializeToString(),
            "it is compiled for a device, by code that lies elsewhere: take the model that it was compiled from",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_malformed_model_is_refused_before_it_is_opened(slot, content, fault):
    path = slot / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=rf"^{re.escape(f'{str(path)!r} is not an ONNX model, or a damaged one: {fault}')}"):
        OnnxArtifact().load(slot)


def test_a_tensor_with_many_entries_about_its_place_is_refused_in_linear_time(slot):
    def times(entries):
        path = forged(slot / "model.onnx", location="w", length="all", **{f"key{number}": "" for number in range(entries)})
        start = time.process_time()
        with pytest.raises(ArtifactError, match="lies in another file, at a place"):
            OnnxArtifact().load(path.parent)
        return time.process_time() - start

    assert times(32_000) < 64 * times(2_000)


def test_tensors_of_every_type_are_let_through(slot):
    """Each as onnx writes it, in raw bytes and in lists, nested in another graph too."""
    model = graphs.product()
    for number, name in [(number, name) for name, number in TensorProto.DataType.items() if number]:
        kind = helper.tensor_dtype_to_np_dtype(number)
        values = np.array([b"a"] * 6 if name == "STRING" else [0, 1, 0, 1, 0, 1]).astype(kind)
        for raw in {False, name != "STRING"}:
            content = onnx.numpy_helper.from_array(values, name).raw_data if raw else values.tolist()
            tensor = helper.make_tensor(f"{name}-{raw}", number, [2, 3], content, raw=raw)
            step = helper.make_node("Constant", [], [tensor.name], value=tensor)
            branch = helper.make_graph([step], "branch", [], [])
            model.graph.node.append(helper.make_node("If", ["rows"], ["x"], then_branch=branch, else_branch=branch))
    path = slot / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ArtifactError, match=r"^ONNX Runtime cannot open "):
        OnnxArtifact().load(slot)


def test_bytes_and_objects_whose_weights_lie_in_files_are_refused(folder, slot):
    path = graphs.write(graphs.product(), folder / "net.onnx")
    message = (
        "the model keeps 'weights' in the file 'weights.bin', and does not say in which folder: pack the path of the model's own file, as "
        "Path('model.onnx')"
    )
    refuses(lambda: OnnxArtifact().save(path.read_bytes(), slot), message)
    refuses(lambda: OnnxArtifact().save(onnx.load(path, load_external_data=False), slot), message)
    OnnxArtifact().save(onnx.load(path), slot)
    refuses(
        lambda: OnnxArtifact().save(graphs.product().SerializeToString()[:-1], slot),
        "expected the bytes of an ONNX model: a field of 4 bytes in 3",
    )


def test_a_model_that_the_runtime_cannot_run_is_refused_when_it_is_saved(slot):
    model = graphs.one_step("NoSuchStep", [("x", TensorProto.FLOAT, [1])], [("y", TensorProto.FLOAT, [1])])
    with pytest.raises(ArtifactError, match=r"^ONNX Runtime cannot open '.*model.onnx': .*NoSuchStep"):
        OnnxArtifact().save(model, slot)


def test_only_models_of_the_format_are_accepted():
    accepts = OnnxArtifact().accepts
    content = graphs.product().SerializeToString()
    assert [accepts(model) for model in (content, graphs.product(), Path("a.onnx"), "b.ONNX")] == [True] * 4
    assert [accepts(model) for model in (content[:20], b"", Path("a.pt"), "onnx", onnx.ModelProto, content.hex())] == [False] * 6
