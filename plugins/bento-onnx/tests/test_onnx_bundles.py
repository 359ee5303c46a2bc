"""Services with an ONNX model: plain calls, settings, bundles, servers, and models without a class."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import graphs
import httpx
import numpy as np
import onnx
import onnxruntime
import product
import pytest
from onnx import TensorProto
from product import Product

import bento
from bento import ArtifactError, DefinitionError
from bento_onnx import OnnxArtifact
from bento_onnx.service import OnnxService
from commands import BENTO, Commands
from refusals import refuses

EXAMPLE = Path(__file__).parents[3] / "examples/cancer.py"
ROWS = np.arange(8, dtype="float32").reshape(2, 4)
PRODUCTS = (ROWS @ graphs.WEIGHTS).tolist()


def written(folder):
    return graphs.write(graphs.product(), folder / "net.onnx")


PACKED = {
    "a path": written,
    "a text that is a path": lambda folder: str(written(folder)),
    "bytes": lambda folder: graphs.product().SerializeToString(),
    "an object": lambda folder: graphs.product(),
    "a session": lambda folder: onnxruntime.InferenceSession(written(folder)),
    "a session of bytes": lambda folder: onnxruntime.InferenceSession(graphs.product().SerializeToString()),
}


@pytest.mark.parametrize("what", PACKED)
def test_a_service_answers_before_it_is_saved_and_after(tmp_path, what):
    service = Product(model=PACKED[what](tmp_path))
    assert isinstance(service.model, onnxruntime.InferenceSession)
    assert service.model is service.model
    assert service.predict(ROWS).tolist() == PRODUCTS
    store = bento.Store(tmp_path / "store")
    loaded = bento.load(bento.save(service, store=store), store=store)
    assert loaded.predict(ROWS).tolist() == PRODUCTS
    again = bento.load(bento.save(loaded, store=store), store=store)
    assert again.predict(ROWS).tolist() == PRODUCTS


def test_a_slot_without_a_model_and_an_invalid_model_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"^Product.model holds no model: pass one as Product\(model=\.\.\.\)"):
        _ = Product.__new__(Product).model
    with pytest.raises(ArtifactError, match=r"^ONNX Runtime cannot open '.*nothing.onnx': NoSuchFile"):
        Product(model=tmp_path / "nothing.onnx").predict(ROWS)
    with pytest.raises(ArtifactError, match=r"^ONNX Runtime cannot open the model that it was given: Fail"):
        Product(model=onnx.ModelProto(graph=onnx.GraphProto())).predict(ROWS)
    with pytest.raises(ArtifactError, match=r"^Product.model is a OnnxArtifact, which does not keep the pathlib.PosixPath 'net.pt'$"):
        Product(model=Path("net.pt"))


def test_another_model_may_be_put_into_a_slot():
    service = Product(model=graphs.product())
    service.predict(ROWS)
    service.model = graphs.product(graphs.WEIGHTS * 2)
    assert service.predict(ROWS).tolist() == (ROWS @ graphs.WEIGHTS * 2).tolist()
    service.model = "a stand-in"
    assert service.model == "a stand-in"


def test_a_session_opened_from_unknown_bytes_is_refused(tmp_path):
    session = onnxruntime.InferenceSession(graphs.product().SerializeToString())
    session._model_bytes = None
    with pytest.raises(ArtifactError) as refusal:
        OnnxArtifact().save(session, tmp_path)
    assert str(refusal.value) == (
        "this InferenceSession does not know what it was opened from: pack the path of the model, as Path('model.onnx')"
    )


def test_settings_are_kept_and_reach_the_session(tmp_path):
    settings = {"optimization": "basic", "intra_op_threads": 3, "inter_op_threads": 2, "config": {"session.disable_prepacking": "1"}}
    artifact = OnnxArtifact(**settings)
    assert artifact.options() == settings
    assert OnnxArtifact(providers=["CPUExecutionProvider"]).options() == {}
    artifact.save(graphs.product(), tmp_path)
    options = artifact.load(tmp_path).get_session_options()
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 2)
    assert options.get_session_config_entry("session.disable_prepacking") == "1"


@pytest.mark.parametrize(("told", "threads"), [("1", 1), ("2,1", 2), ("", 0), ("many", 0)])
def test_the_number_of_threads_is_the_one_that_the_server_sets(tmp_path, monkeypatch, told, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    OnnxArtifact().save(graphs.product(), tmp_path)
    assert OnnxArtifact().load(tmp_path).get_session_options().intra_op_num_threads == threads


PROVIDERS = "expected OnnxArtifact(providers=['CUDAExecutionProvider', 'CPUExecutionProvider']) with names, or pairs of a name and options"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"providers": "CPUExecutionProvider"},
            f"{PROVIDERS}, got 'CPUExecutionProvider'",
        ),
        (
            {"providers": [("CUDAExecutionProvider",)]},
            f"{PROVIDERS}, got ('CUDAExecutionProvider',)",
        ),
        ({"optimization": "most"}, "expected OnnxArtifact(optimization=...) with one of all, extended, basic, none, got 'most'"),
        ({"intra_op_threads": 0}, "expected OnnxArtifact(intra_op_threads=...) with 1 or more threads, or None, got 0"),
        (
            {"config": {"session.disable_prepacking": 1}},
            "expected OnnxArtifact(config={'session.disable_prepacking': '1'}) with texts, got {'session.disable_prepacking': 1}",
        ),
    ],
)
def test_an_artifact_that_is_declared_wrong_is_refused_at_once(wrong, message):
    with pytest.raises(DefinitionError) as refusal:
        OnnxArtifact(**wrong)
    assert str(refusal.value) == message


def test_a_missing_provider_is_refused_unless_another_declared_one_is_available(tmp_path, caplog):
    OnnxArtifact().save(graphs.product(), tmp_path)
    here = ", ".join(onnxruntime.get_available_providers())
    for name, message in [
        ("CUDA", f"ONNX Runtime knows no provider 'CUDA': it has {here} here"),
        (
            "CUDAExecutionProvider",
            f"this ONNX Runtime has no CUDAExecutionProvider: it has {here}: install onnxruntime-gpu, or add one of those",
        ),
    ]:
        with pytest.raises(ArtifactError) as refusal:
            OnnxArtifact(providers=[name]).load(tmp_path)
        assert str(refusal.value) == message
    session = OnnxArtifact(providers=["CUDAExecutionProvider", "CPUExecutionProvider"]).load(tmp_path)
    assert session.get_providers() == ["CPUExecutionProvider"]
    model = str(tmp_path / "model.onnx")
    assert caplog.messages == [f"{model!r} runs on CPUExecutionProvider: ONNX Runtime has no CUDAExecutionProvider here"]


def test_a_file_of_the_runtimes_own_format_is_not_read(tmp_path):
    """It holds a graph that no check looks at."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "model.ort")
    onnxruntime.InferenceSession(graphs.product().SerializeToString(), options)
    (tmp_path / "model.ort").rename(tmp_path / "model.onnx")
    with pytest.raises(ArtifactError, match=r"model.onnx' is not an ONNX model, or a damaged one: "):
        OnnxArtifact().load(tmp_path)


def answer(tmp_path, model, request):
    """The status and answer of the service that the plugin provides."""
    store = bento.Store(tmp_path)
    app = bento.app(bento.load(bento.save(model, "bare", store=store), store=store))

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            return await client.post("/predict", json=request)

    response = asyncio.run(post())
    return response.json() if response.status_code == 200 else (response.status_code, response.json()["detail"])


def kinds(kind, outputs=None):
    return graphs.one_step("Identity", [("x", kind, ["n"])], [("y", kind, ["n"])])


@pytest.mark.parametrize(
    ("model", "request_", "expected"),
    [
        (graphs.product(), ROWS.tolist(), PRODUCTS),
        (graphs.product(), {"rows": ROWS.tolist()}, PRODUCTS),
        (kinds(TensorProto.STRING), ["a", "é"], ["a", "é"]),
        (kinds(TensorProto.STRING), ["a\0", "b"], ["a\0", "b"]),
        (kinds(TensorProto.BOOL), [True, False], [True, False]),
        (kinds(TensorProto.INT64), [1, 2.0], [1, 2]),
        (kinds(TensorProto.UINT64), [1, 2**63 - 1, 2**64 - 1], [1, 2**63 - 1, 2**64 - 1]),
        (kinds(TensorProto.FLOAT16), [1, 0.5], [1.0, 0.5]),
        (kinds(TensorProto.DOUBLE), [], []),
        (
            graphs.one_step("Add", [("a", TensorProto.FLOAT, [2]), ("b", TensorProto.FLOAT, [2])], [("y", TensorProto.FLOAT, [2])]),
            {"a": [1, 2], "b": [3, 4]},
            [4.0, 6.0],
        ),
        (
            graphs.one_step("TopK", [("x", TensorProto.FLOAT, [3]), ("k", TensorProto.INT64, [1])],
                            [("best", TensorProto.FLOAT, ["k"]), ("where", TensorProto.INT64, ["k"])]),
            {"x": [1, 3, 2], "k": [2]},
            {"best": [3.0, 2.0], "where": [1, 2]},
        ),
    ],
)  # fmt: skip
def test_a_model_without_a_class_answers_by_the_names_and_types_that_it_declares(tmp_path, model, request_, expected):
    assert answer(tmp_path, model, request_) == expected


@pytest.mark.parametrize(
    ("model", "request_", "message"),
    [
        (graphs.product(), [[1, 2, 3]], "'rows': expected an array of shape (n, 4), got (1, 3)"),
        (graphs.product(), [1, 2, 3, 4], "'rows': expected an array of shape (n, 4), got (4,)"),
        (graphs.product(), [[1, 2, 3, 4], [1]], "'rows': expected 4 elements at [1], as in the lists before it, got 1"),
        (graphs.product(), [["1", "2", "3", "4"]], "'rows': expected a number at [0][0], got the text '1'"),
        (graphs.product(), [[1e300] * 4], "'rows': expected a number in the range of float32, got 1e+300 at [0][0]"),
        (graphs.product(), {"columns": [[1]]}, "expected an object with 'rows', got ['columns']"),
        (kinds(TensorProto.INT8), [1.5], "'x': expected a whole number from -128 to 127 for int8, got 1.5 at [0]"),
        (kinds(TensorProto.UINT8), [-1], "'x': expected a whole number from 0 to 255 for uint8, got -1 at [0]"),
        (kinds(TensorProto.BOOL), [2], "'x': expected true or false for bool, got 2 at [0]"),
        (kinds(TensorProto.STRING), [1, "a"], "'x': expected texts, in lists of equal lengths"),
        (kinds(TensorProto.STRING), ["a", ["b"]], "'x': expected texts, in lists of equal lengths"),
        (kinds(TensorProto.STRING), [["a"]], "'x': expected an array of shape (n,), got (1, 1)"),
        (
            graphs.one_step("Add", [("a", TensorProto.FLOAT, [2]), ("b", TensorProto.FLOAT, [2])], [("y", TensorProto.FLOAT, [2])]),
            [1, 2],
            "expected an object with 'a', 'b', got 'list'",
        ),
    ],
)
def test_a_request_that_the_model_does_not_take_is_refused_with_what_it_takes(tmp_path, model, request_, message):
    assert answer(tmp_path, model, request_) == (422, message)


SUM = graphs.one_step("Add", [("a", TensorProto.FLOAT, [2]), ("b", TensorProto.FLOAT, [2])], [("y", TensorProto.FLOAT, [2])])


@pytest.mark.parametrize("model", [graphs.product(), kinds(TensorProto.STRING), kinds(TensorProto.INT64), SUM])
def test_a_model_without_a_class_shows_a_request_that_it_answers(tmp_path, model):
    (example,) = OnnxService(model=model).apis["predict"].input.schema()["examples"]
    assert isinstance(answer(tmp_path, model, example), list)


def test_a_model_without_a_class_documents_what_it_takes():
    rows = {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}}
    by_name = {"type": "object", "properties": {"rows": rows}, "required": ["rows"], "additionalProperties": False}
    assert OnnxService(model=graphs.product()).apis["predict"].input.schema() == {
        "anyOf": [rows, by_name],
        "examples": [[[0.0, 0.0, 0.0, 0.0]]],
    }


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.FLOAT])
def test_a_model_with_large_inputs_has_no_example_request(kind):
    model = graphs.one_step("Identity", [("x", kind, [3, 224, 224])], [("y", kind, [3, 224, 224])])
    assert "examples" not in OnnxService(model=model).apis["predict"].input.schema()


def test_a_model_whose_inputs_json_cannot_hold_needs_a_service_of_its_own():
    message = "the input 'x' is a tensor(bfloat16), which JSON has no form for: write a bento.Service with a slot for it and an api"
    refuses(lambda: bento.save(kinds(TensorProto.BFLOAT16), "bare"), message)


def test_a_model_without_a_class_is_checked_before_it_is_opened(tmp_path):
    path = graphs.write(graphs.product(), tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes().replace(b"weights.bin", b"/etc/passwd"))
    with pytest.raises(ArtifactError, match=r" in '/etc/passwd': expected another file in the model's folder or below it: "):
        bento.save(path, "bare")


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.FLOAT])
def test_one_long_text_among_many_short_ones_takes_little_memory(tmp_path, kind):
    texts = ["a" * 1_000_000, *["b"] * 100_000]  # 400 GB as NumPy's own texts
    answered = answer(tmp_path, kinds(kind), texts)
    assert answered == texts if kind == TensorProto.STRING else answered[0] == 422


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_answers_elsewhere(run, tmp_path):
    assert "saved cancer:" in run(sys.executable, EXAMPLE)
    answers = json.loads(run(BENTO, "run", "cancer", "diagnose", "--input-file", "some.npy"))
    assert [each["label"] for each in answers] == ["malignant", "benign"]
    assert all(0.5 < each["probability"] <= 1 for each in answers)
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("cancer")).manifest
    assert [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts] == [("onnx", {}, False)]
    names = {line.partition("==")[0] for line in manifest.requirements}
    assert names == {"bento-core", "bento-onnx", "numpy", "onnxruntime"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_answers_with_one_worker_and_with_two(run, tmp_path, workers):
    shutil.copy(product.__file__, tmp_path)
    (tmp_path / "net.onnx").write_bytes(graphs.product().SerializeToString())
    run(sys.executable, "-c", "import bento, product; bento.save(product.Product(model='net.onnx'))")
    with run.served("product", "--workers", workers) as server:
        answers = [httpx.post(f"{server.url}/predict", json=ROWS.tolist(), timeout=60) for _ in range(4)]
    assert [answer.json() for answer in answers] == [PRODUCTS] * 4
    assert "Traceback" not in server.said


def test_onnx_runtime_sends_no_telemetry_unless_the_user_turns_it_on(tmp_path):
    """With telemetry, it would keep its events and an identifier of the machine below the user's folder."""
    OnnxArtifact().save(graphs.product(), tmp_path)
    script = "import sys, pathlib, bento_onnx; bento_onnx.OnnxArtifact().load(pathlib.Path(sys.argv[1]))"

    def kept(name, **environment):
        (tmp_path / name).mkdir()
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / name), **environment}
        subprocess.run([sys.executable, "-c", script, tmp_path], env=environment, check=True)
        return [path.name for path in (tmp_path / name).rglob("*") if path.is_file()]

    assert kept("silent") == []
    assert "onnxruntime.db" in kept("told", ORT_DISABLE_TELEMETRY="0")


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_onnx; bento_onnx.OnnxArtifact(); "
        "print([name for name in ('numpy', 'onnx', 'onnxruntime') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"
