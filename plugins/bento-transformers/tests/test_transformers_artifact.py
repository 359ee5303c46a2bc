"""The artifact passes the kit, with pipelines, models, and models with their tokenizer."""

import numpy as np
import tiny
import torch

from bento.testing import leave_out
from bento_transformers import TransformersArtifact
from bento_transformers.checks import TestModelWithTokenizer, TestTransformersArtifact, TinyTests

__all__ = ["TestModelWithTokenizer", "TestTransformersArtifact"]


def no_service():
    return leave_out(reason="only a pipeline says what its input is, and the service refuses the rest: see test_transformers_bundles.py")


class TestTagger(TinyTests):
    """One of its settings is an enumeration of the pipeline."""

    artifact = TransformersArtifact(device="cpu")

    def model(self):
        return tiny.tagger(aggregation_strategy="simple")

    def inputs(self):
        return ["very good room", "bad soup"]


class TestWriter(TinyTests):
    artifact = TransformersArtifact()

    def model(self):
        return tiny.writer(max_new_tokens=5, do_sample=False)

    def inputs(self):
        return ["very good", "bad"]


class TestModel(TinyTests):
    artifact = TransformersArtifact()
    test_the_default_service_has_a_slot_for_the_model = no_service()

    def model(self):
        return tiny.seer()

    def inputs(self):
        return np.arange(64, dtype="float32").reshape(1, 1, 8, 8) / 64

    def predict(self, model, inputs):
        with torch.inference_mode():
            return model(torch.tensor(inputs, device=model.device)).logits.cpu().numpy()
