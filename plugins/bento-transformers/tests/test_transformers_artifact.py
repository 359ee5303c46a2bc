"""What the artifact owes its users, with the kit, for pipelines, models, and models with their tokenizer."""

import numpy as np
import tiny
import torch

from bento.testing import ArtifactTests, leave_out
from bento_transformers import Pretrained, TransformersArtifact


def same(one, other):
    """Where in memory values lie decides the last bits of what is computed from them."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float | np.ndarray | np.floating):
        return bool(np.allclose(one, other, atol=1e-5))
    return one == other


def no_service():
    return leave_out(reason="only a pipeline says what its input is, and the service refuses the rest: see test_transformers_bundles.py")


class TinyTests:
    max_examples = 15

    def same(self, one, other):
        return same(one, other)


class TestClassifier(TinyTests, ArtifactTests):
    artifact = TransformersArtifact()

    def model(self):
        return tiny.classifier(top_k=None)

    def inputs(self):
        return ["very good room", "bad soup"]


class TestTagger(TinyTests, ArtifactTests):
    """Its setting is an enumeration of the pipeline's."""

    artifact = TransformersArtifact(device="cpu")

    def model(self):
        return tiny.tagger(aggregation_strategy="simple")

    def inputs(self):
        return ["very good room", "bad soup"]


class TestWriter(TinyTests, ArtifactTests):
    artifact = TransformersArtifact()

    def model(self):
        return tiny.writer(max_new_tokens=5, do_sample=False)

    def inputs(self):
        return ["very good", "bad"]


class TestModel(TinyTests, ArtifactTests):
    artifact = TransformersArtifact()
    test_the_default_service_has_a_slot_for_the_model = no_service()

    def model(self):
        return tiny.seer()

    def inputs(self):
        return np.arange(64, dtype="float32").reshape(1, 1, 8, 8) / 64

    def predict(self, model, inputs):
        with torch.inference_mode():
            return model(torch.tensor(inputs)).logits.numpy()


class TestModelWithTokenizer(TinyTests, ArtifactTests):
    artifact = TransformersArtifact()
    test_the_default_service_has_a_slot_for_the_model = no_service()

    def model(self):
        return Pretrained(tiny.bert().half(), tokenizer=tiny.tokenizer())

    def inputs(self):
        return ["very good room", "bad soup"]

    def predict(self, model, inputs):
        with torch.inference_mode():
            return model.model(**model.tokenizer(inputs, padding=True, return_tensors="pt")).logits.float().numpy()
