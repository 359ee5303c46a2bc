"""What is not saved, and what a forged folder cannot make transformers do."""

import json
import re
import shutil

import pytest
import tiny
import torch
from transformers import BertForSequenceClassification, TextClassificationPipeline, pipeline

import bento
from bento import ArtifactError, DefinitionError
from bento_transformers import Pretrained, TransformersArtifact
from refusals import refuses


@pytest.fixture
def slot(tmp_path):
    """A saved classifier."""
    TransformersArtifact().save(tiny.classifier(), tmp_path)
    return tmp_path


def change(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_only_weights_in_safetensors_json_and_text_are_written(slot):
    found = sorted(str(path.relative_to(slot)) for path in slot.rglob("*") if path.is_file())
    assert found == [
        "model.json",
        "model/config.json",
        "model/model.safetensors",
        "tokenizer/tokenizer.json",
        "tokenizer/tokenizer_config.json",
    ]


def test_where_a_model_came_from_is_not_kept(slot, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    TransformersArtifact().save(TransformersArtifact().load(slot), again)
    assert [path.read_bytes() for path in sorted(again.rglob("*.*"))] == [path.read_bytes() for path in sorted(slot.rglob("*.*"))]


def test_code_that_a_model_names_is_not_saved(tmp_path):
    pipeline = tiny.classifier()
    pipeline.model.config.auto_map = {"AutoModel": "somebody/else--modeling.Net"}
    TransformersArtifact().save(pipeline, tmp_path)
    assert "auto_map" not in json.loads((tmp_path / "model/config.json").read_text())


class Canary:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).touch, (self.path,)


def test_pickled_weights_are_refused_and_run_nothing(slot):
    weights = slot / "model/model.safetensors"
    torch.save({"weight": Canary(slot / "canary")}, slot / "model/pytorch_model.bin")
    refuses(
        lambda: TransformersArtifact().load(slot),
        f"{str(slot / 'model/pytorch_model.bin')!r} is not a file that a model is kept in here: "
        "expected weights in safetensors, JSON and text",
    )
    (slot / "model/pytorch_model.bin").rename(weights)
    with pytest.raises(ArtifactError, match=r"^cannot load '.*': SafetensorError: "):
        TransformersArtifact().load(slot)
    assert not (slot / "canary").exists()


@pytest.mark.parametrize(
    "name",
    [
        "model/modeling_net.py",
        "model/adapter_config.json",
        "tokenizer/tokenization.py",
        "tokenizer/adapter_config.json",
        "tokenizer/speaker_embeddings_path.json",
    ],
)
def test_code_and_adapters_in_a_folder_are_refused(slot, name):
    (slot / name).write_text("{}")
    with pytest.raises(ArtifactError, match=rf"^{re.escape(repr(str(slot / name)))} is not a file that a model is kept in here"):
        TransformersArtifact().load(slot)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("model/config.json", "auto_map", {"AutoModel": "net.Net"}),
        ("tokenizer/tokenizer_config.json", "auto_map", {"AutoTokenizer": "net.Net"}),
        ("model/config.json", "_attn_implementation", "somebody/kernels"),
        ("model/config.json", "attn_implementation", "flash_attention_2"),
        ("model/config.json", "custom_pipelines", {}),
    ],
)
def test_a_configuration_that_names_code_is_refused(slot, name, key, value):
    change(slot / name, **{key: value})
    refuses(
        lambda: TransformersArtifact().load(slot),
        f"{str(slot / name)!r} names code to run, under {key!r}: only transformers' own models are loaded",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("class_info_file", "classes.json"),
        ("audio_tokenizer", {"audio_tokenizer_class": "DacModel", "audio_tokenizer_name_or_path": "somebody/else"}),
    ],
)
def test_a_processor_that_names_files_elsewhere_is_refused(slot, key, value):
    path = slot / "tokenizer/processor_config.json"
    path.write_text(json.dumps({key: value}))
    name = key if isinstance(value, str) else "audio_tokenizer_name_or_path"
    refuses(
        lambda: TransformersArtifact().load(slot),
        f"{str(path)!r} names files elsewhere, under {name!r}: only what is in the bundle is loaded",
    )


def test_special_tokens_that_name_the_file_of_another_tokenizer_are_refused(slot, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(slot / "tokenizer/tokenizer.json", elsewhere / "tokenizer.json")
    path = slot / "tokenizer/special_tokens_map.json"
    path.write_text(json.dumps({"tokenizer_file": str(elsewhere / "tokenizer.json")}))
    config = slot / "tokenizer/tokenizer_config.json"
    config.write_text(json.dumps({key: value for key, value in json.loads(config.read_text()).items() if key != "added_tokens_decoder"}))
    refuses(lambda: TransformersArtifact().load(slot), f"{str(path)!r} has 'tokenizer_file', which is not a token")


@pytest.mark.parametrize("name", ["_forward_params", "_generate_kwargs"])
@pytest.mark.parametrize("settings", [{"custom_generate": "somebody/else"}, {"generate_kwargs": {"trust_remote_code": True}}])
def test_settings_that_name_code_are_refused(tmp_path, name, settings):
    TransformersArtifact().save(tiny.writer(max_new_tokens=3), tmp_path)
    described = json.loads((tmp_path / "model.json").read_text())
    change(tmp_path / "model.json", settings={**described["settings"], name: settings})
    key = next(key for key in ("custom_generate", "trust_remote_code") if key in json.dumps(settings))
    refuses(
        lambda: TransformersArtifact().load(tmp_path),
        f"the pipeline's settings name code to run, under {key!r}: only transformers' own models are loaded",
    )


def test_a_pipeline_that_was_made_to_run_code_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"^the pipeline's settings name code to run, under '(custom_generate|trust_remote_code)': "):
        TransformersArtifact().save(tiny.writer(custom_generate="somebody/else", trust_remote_code=True), tmp_path)


def test_a_quantised_model_is_refused(slot):
    change(slot / "model/config.json", text={"quantization_config": {"quant_method": "bitsandbytes"}})
    refuses(
        lambda: TransformersArtifact().load(slot),
        f"{str(slot / 'model/config.json')!r} is of a quantised model, which takes libraries that this format does not know: "
        "pack the model that it was made from",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "os.system"}, "transformers .* has no model 'os.system'"),
        ({"model": "RagRetriever"}, "transformers .* has no model 'RagRetriever'"),
        ({"pipeline": "BertModel"}, "transformers .* has no pipeline 'BertModel'"),
        ({"parts": {"tokenizer": "BertModel"}}, "transformers .* has no tokenizer 'BertModel'"),
        ({"parts": {"../tokenizer": "BertTokenizer"}}, "cannot load '.*': KeyError: '../tokenizer'"),
        ({"settings": {"model": None}}, "a pipeline has no setting 'model'"),
        ({"settings": {"_forward_params": {"a": {"enum": "os", "value": 1}}}}, ".*text_classification has no enumeration 'os'"),
        ({"settings": {"_num_workers": 2**64}}, "a pipeline's _num_workers is not 18446744073709551616"),
        ({"settings": {"_batch_size": 0}}, "a pipeline's _batch_size is not 0"),
        ({"settings": {"binary_output": "yes"}}, "a pipeline's binary_output is not 'yes'"),
        ({"settings": {"_postprocess_params": ["top_k"]}}, r"a pipeline's _postprocess_params is not \['top_k'\]"),
        ({"is": "code"}, "'.*model.json' is damaged: a model is not a 'code'"),
    ],
)
def test_a_description_that_names_anything_else_is_refused(slot, changes, message):
    change(slot / "model.json", **changes)
    with pytest.raises(ArtifactError, match=rf"^{message}$"):
        TransformersArtifact().load(slot)


def test_weights_that_are_missing_are_refused_instead_of_made_up(slot):
    change(slot / "model/config.json", num_hidden_layers=2)
    with pytest.raises(
        ArtifactError, match=r"^the weights in '.*model' are not those of a BertForSequenceClassification: missing_keys: bert.enc"
    ):
        TransformersArtifact().load(slot)


@pytest.mark.parametrize(
    "sizes", [{"vocab_size": 10**9}, {"num_hidden_layers": 10**5}, {"max_position_embeddings": 10**12}, {"intermediate_size": 10**8}]
)
def test_a_model_that_is_much_larger_than_its_weights_is_refused_before_it_is_made(slot, sizes):
    change(slot / "model/config.json", **sizes)
    refuses(
        lambda: TransformersArtifact().load(slot),
        f"{str(slot / 'model')!r} has a configuration of a model that is much larger than its weights",
    )


@pytest.mark.parametrize("name", ["num_hidden_layers", "num_labels"])
def test_a_configuration_with_absurdly_large_sizes_is_refused(slot, name):
    path = slot / "model/config.json"
    change(path, text_config={name: 10**9})
    refuses(lambda: TransformersArtifact().load(slot), f"{str(path)!r} asks for 1000000000 as {name!r}: expected at most 1048576")


def test_a_tokenizer_that_ends_in_a_panic_is_refused(slot):
    change(slot / "tokenizer/tokenizer.json", normalizer={"type": "Precompiled", "precompiled_charsmap": "/////w=="})
    with pytest.raises(ArtifactError, match=r"^cannot load '.*': PanicException: Precompiled: "):
        TransformersArtifact().load(slot)


def test_a_missing_part_is_refused(slot):
    shutil.rmtree(slot / "tokenizer")
    refuses(
        lambda: TransformersArtifact().load(slot),
        f"cannot read {str(slot / 'tokenizer')!r}, which a part of the model was saved in: No such file or directory",
    )


class Mine(BertForSequenceClassification):
    pass


class MyPipeline(TextClassificationPipeline):
    pass


def test_a_model_of_a_users_own_class_is_refused(tmp_path):
    model = Mine(tiny.bert().config)
    refuses(
        lambda: TransformersArtifact().save(model, tmp_path),
        f"the model is a {Mine.__module__}.Mine: expected a model of transformers' own, since no other class can be found again",
    )
    pipeline = MyPipeline(model=tiny.bert(), tokenizer=tiny.tokenizer(), device="cpu")
    refuses(
        lambda: TransformersArtifact().save(pipeline, tmp_path),
        f"the pipeline is a {Mine.__module__}.MyPipeline: expected a pipeline of transformers' own, "
        "since no other class can be found again",
    )


def test_a_setting_that_is_not_json_is_refused(tmp_path):
    with pytest.raises(
        ArtifactError, match=r"^expected a JSON value at \$\.settings\._postprocess_params\.function_to_apply, got a torch.nn"
    ):
        TransformersArtifact().save(tiny.classifier(function_to_apply=torch.nn.Sigmoid()), tmp_path)


def test_only_models_of_the_format_are_accepted():
    accepts = TransformersArtifact().accepts
    assert [accepts(model) for model in (tiny.classifier(), tiny.bert(), Pretrained(tiny.bert()))] == [True] * 3
    assert [accepts(model) for model in (tiny.tokenizer(), Pretrained(None), torch.nn.Linear(1, 1), tiny.BertModel)] == [False] * 4


def test_an_invalid_device_is_refused(slot):
    refuses(
        lambda: TransformersArtifact(device="the GPU"),
        "expected TransformersArtifact(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got 'the GPU'",
        DefinitionError,
    )
    with pytest.raises(ArtifactError, match=r"^there is no device 'xpu:7' here: .*: device='auto' takes the best there is$"):
        TransformersArtifact(device="xpu:7").load(slot)
    assert TransformersArtifact(device="meta").load(slot).model.device.type == "meta"


def test_the_folder_of_a_model_is_refused_with_the_way_out(tmp_path):
    tiny.classifier().save_pretrained(tmp_path)
    advice = f"pack a pipeline with its model, such as transformers.pipeline('text-classification', {str(tmp_path)!r})"
    refuses(lambda: bento.save(str(tmp_path), "rooms"), f"no installed plugin provides a service for a str: {advice}")
    assert TransformersArtifact().accepts(pipeline("text-classification", str(tmp_path)))
