"""What the artifact owes its users, with the kit, for pipelines, models, and models with their tokenizer."""

import numpy as np
import tiny
import torch

from bento.testing import ArtifactTests, leave_out
from bento_transformers import Pretrained, TransformersArtifact


def no_service():
    return leave_out(reason="only a pipeline says what its input is, and the service refuses the rest: see test_transformers_bundles.py")


class TinyTests:
    max_examples = 15

    def same(self, one, other):
        return tiny.same(one, other)


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
            return model(torch.tensor(inputs, device=model.device)).logits.cpu().numpy()


class TestModelWithTokenizer(TinyTests, ArtifactTests):
    """In float16, where devices differ by more than the last bits."""

    artifact = TransformersArtifact(device="cpu")
    test_the_default_service_has_a_slot_for_the_model = no_service()

    def model(self):
        return Pretrained(tiny.bert().half(), tokenizer=tiny.tokenizer())

    def inputs(self):
        return ["very good room", "bad soup"]

    def predict(self, model, inputs):
        with torch.inference_mode():
            words = model.tokenizer(inputs, padding=True, return_tensors="pt").to(model.model.device)
            return model.model(**words).logits.float().cpu().numpy()
