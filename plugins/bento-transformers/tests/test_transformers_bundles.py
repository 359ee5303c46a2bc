"""From a script that trains to answers in other processes, and models without a class."""

import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest
import tiny
import torch
import transformers

import bento
from bento import ArtifactError
from bento_transformers import Pretrained, TransformersArtifact
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/opinions.py"

OFFLINE = """
import sys

asked = []


def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        asked.append(arguments)


sys.addaudithook(note)
import bento

service = bento.load("bare")
print(service.predict(["good soup"])[0]["label"] in ("kind", "unkind"), asked)
"""


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path, HF_HOME=str(tmp_path / "hub"), HF_HUB_OFFLINE=None)


def test_the_example_saves_a_bundle_that_answers_elsewhere(run, tmp_path):
    assert "saved opinions:" in run(sys.executable, EXAMPLE)
    answers = run(BENTO, "run", "opinions", "judge", "--input", "what a lovely garden", "a dirty room and cold soup").splitlines()
    assert [json.loads(answer)["label"] for answer in answers] == ["kind", "unkind"]
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("opinions")).manifest
    assert [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts] == [("transformers", {}, False)]
    names = {line.partition("==")[0] for line in manifest.requirements}
    assert names == {"bento-core", "bento-torch", "bento-transformers", "safetensors", "tokenizers", "torch", "transformers"}


def test_loading_and_answering_open_no_connection(run, tmp_path):
    bento.save(tiny.classifier(), "bare", store=bento.Store(tmp_path / "home"))
    assert run(sys.executable, "-c", OFFLINE) == "True []\n"
    assert not (tmp_path / "hub").exists()


def answers(model, texts, tmp_path):
    """The answers of the default service to texts that arrive at the same time."""
    store = bento.Store(tmp_path)
    app = bento.app(bento.load(bento.save(model, "bare", store=store), store=store))

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            asked = [client.post("/predict", content=text, headers={"Content-Type": "text/plain"}) for text in texts]
            return await asyncio.gather(*asked)

    return asyncio.run(post())


@pytest.mark.parametrize(
    "make", [tiny.classifier, tiny.tagger, tiny.filler, tiny.embedder, lambda: tiny.writer(max_new_tokens=3, do_sample=False)]
)
@pytest.mark.parametrize("texts", [["very good [MASK]"], ["very good [MASK]", "bad [MASK]"]])
def test_a_pipeline_without_a_class_answers_each_text(tmp_path, make, texts):
    pipeline = make()
    expected = [next(iter(pipeline(text for text in [text]))) for text in texts]
    for answer, one in zip(answers(pipeline, texts, tmp_path), expected, strict=True):
        assert answer.status_code == 200
        assert_close(answer.json(), json.loads(json.dumps(one, default=float)))


def assert_close(one, other):
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in other:
            assert_close(one[key], other[key])
    elif isinstance(other, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_close(*pair)
    else:
        assert one == (pytest.approx(other, abs=1e-5) if isinstance(other, float) else other)


def test_a_text_that_the_pipeline_cannot_answer_harms_no_other(tmp_path):
    good, bad = answers(tiny.filler(), ["very [MASK]", "very good"], tmp_path)
    assert good.status_code == 200
    assert (bad.status_code, bad.json()["detail"]) == (422, "the pipeline cannot answer: No mask_token ([MASK]) found on the input")


@pytest.mark.parametrize("make", [tiny.classifier, tiny.writer])
def test_a_text_that_is_longer_than_the_model_reads_harms_no_other(tmp_path, make):
    good, long = answers(make(), ["good", "good " * 50], tmp_path)
    tokens = len(make().tokenizer("good " * 50)["input_ids"])
    assert good.status_code == 200
    assert (long.status_code, long.json()["detail"]) == (422, f"expected a text of at most 32 tokens, got one of {tokens}")


def test_positions_reserved_for_padding_do_not_count_for_tokens(tmp_path):
    tokenizer = tiny.classifier().tokenizer
    sizes = {"vocab_size": len(tokenizer), "max_position_embeddings": 32, **tiny.SMALL}
    config = transformers.RobertaConfig(pad_token_id=tokenizer.pad_token_id, **sizes)
    model = transformers.RobertaForSequenceClassification(config).eval()
    most = 32 - tokenizer.pad_token_id - 1
    made = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    fits, long = answers(made, ["good " * (most - 2), "good " * (most - 1)], tmp_path)
    assert fits.status_code == 200
    assert (long.status_code, long.json()["detail"]) == (422, f"expected a text of at most {most} tokens, got one of {most + 1}")


def test_a_pipeline_made_to_truncate_texts_truncates_them(tmp_path):
    made = tiny.classifier()
    cutting = transformers.pipeline("text-classification", model=made.model, tokenizer=made.tokenizer, truncation=True, max_length=16)
    (answer,) = answers(cutting, ["good " * 50], tmp_path)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (tiny.seer(), "transformers.models.vit.modeling_vit.ViTForImageClassification"),
        (Pretrained(tiny.bert()), "bento_transformers.pretrained.Pretrained"),
    ],
)
def test_a_model_whose_input_is_not_text_needs_a_class(tmp_path, model, what):
    with pytest.raises(ArtifactError) as refusal:
        bento.save(model, "bare", store=bento.Store(tmp_path))
    assert str(refusal.value) == (
        f"there is no service for a {what}: write a bento.Service, or pack a pipeline for feature-extraction, fill-mask, "
        "text-classification, text-generation, token-classification"
    )


def test_a_loaded_model_answers_without_gradients_in_evaluation_mode(tmp_path):
    model = tiny.bert().train()
    TransformersArtifact().save(Pretrained(model, tokenizer=tiny.tokenizer()), tmp_path)
    assert model.training
    loaded = TransformersArtifact().load(tmp_path)
    assert not loaded.model.training
    assert not loaded.model(**loaded.tokenizer("good", return_tensors="pt").to(loaded.model.device)).logits.requires_grad
    assert type(loaded.tokenizer) is tiny.BertTokenizer
    with TransformersArtifact().around():
        assert torch.is_inference_mode_enabled()


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_transformers as plugin; plugin.TransformersArtifact().accepts(plugin.Pretrained(1)); "
        "print([name for name in ('numpy', 'safetensors', 'torch', 'transformers') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"
