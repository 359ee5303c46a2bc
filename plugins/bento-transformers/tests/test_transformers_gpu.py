"""On a GPU: a model is there, and answers as on the processor."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import torch

import bento
from bento_transformers import Pretrained, TransformersArtifact

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that PyTorch sees")

TEXTS = ["very good [MASK]", "bad [MASK]"]


def pipelines():
    return {
        "classifier": tiny.classifier(),
        "tagger": tiny.tagger(aggregation_strategy="simple"),
        "filler": tiny.filler(),
        "embedder": tiny.embedder(),
        "writer": tiny.writer(max_new_tokens=3, do_sample=False),
    }


def loaded(folder, **options):
    return TransformersArtifact(**options).load(folder)


@pytest.mark.parametrize("name", pipelines())
def test_a_pipeline_is_on_the_gpu_and_answers_as_on_the_processor(tmp_path, name):
    TransformersArtifact().save(pipelines()[name], tmp_path)
    here, there = loaded(tmp_path), loaded(tmp_path, device="cpu")
    assert (here.device.type, str(here.model.device), there.device.type) == ("cuda", "cuda:0", "cpu")
    assert tiny.same([*here(text for text in TEXTS)], [*there(text for text in TEXTS)])


def test_a_model_and_its_tokenizer_are_loaded_onto_the_gpu(tmp_path):
    TransformersArtifact().save(Pretrained(tiny.bert(), tokenizer=tiny.tokenizer()), tmp_path)
    assert str(loaded(tmp_path).model.device) == "cuda:0"


ELSEWHERE = """
import sys
from pathlib import Path
import torch
from bento_transformers import TransformersArtifact
pipeline = TransformersArtifact().load(Path(sys.argv[1]))
print(torch.cuda.is_available(), pipeline.device, pipeline("bad soup")[0]["label"])
"""


def test_a_pipeline_saved_on_a_gpu_answers_on_a_machine_without_one(tmp_path):
    pipeline = tiny.classifier()
    expected = pipeline("bad soup")[0]["label"]
    pipeline.device = torch.device("cuda")
    pipeline.model.to("cuda")
    TransformersArtifact().save(pipeline, tmp_path)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path], env=environment, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"False cpu {expected}\n"


def test_a_pipeline_without_a_class_answers_from_the_gpu(tmp_path):
    store = bento.Store(tmp_path)
    pipeline = tiny.classifier()
    service = bento.load(bento.save(pipeline, "bare", store=store), store=store)
    assert str(service.model.model.device) == "cuda:0"
    assert tiny.same(service.predict(TEXTS), [*pipeline(text for text in TEXTS)])
