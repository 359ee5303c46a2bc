"""The tests of `bento plugins transformers --check`: the kit's tests for the format, with tiny models that need no hub."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests, leave_out

from .artifact import TransformersArtifact
from .pretrained import Pretrained

_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "very", "room", "soup")
_SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 32}


class TinyTests(ArtifactTests):
    """Runs a pipeline or a model on two texts."""

    max_examples = 15

    def inputs(self) -> Any:
        return ["very good room", "bad soup"]

    def same(self, one: Any, other: Any) -> bool:
        """Approximately equal, because the last bits of an answer depend on where the weights lie in memory."""
        import numpy as np

        if isinstance(one, dict):
            return isinstance(other, dict) and one.keys() == other.keys() and all(self.same(one[key], other[key]) for key in one)
        if isinstance(one, list):
            return isinstance(other, list) and len(one) == len(other) and all(map(self.same, one, other))
        if isinstance(one, float | np.ndarray | np.floating):
            return bool(np.allclose(one, other, atol=1e-5))
        return bool(one == other)


class TestTransformersArtifact(TinyTests):
    """A pipeline, with its settings."""

    artifact = TransformersArtifact(device="cpu")

    def model(self) -> Any:
        from transformers import pipeline

        return pipeline("text-classification", model=_bert(), tokenizer=_tokenizer(), device="cpu", top_k=None)


class TestModelWithTokenizer(TinyTests):
    """A model with 16-bit weights, and its tokenizer."""

    artifact = TransformersArtifact(device="cpu")
    test_the_default_service_has_a_slot_for_the_model = leave_out(reason="only a pipeline says what its input is")

    def model(self) -> Any:
        return Pretrained(_bert().half(), tokenizer=_tokenizer())

    def predict(self, model: Any, inputs: Any) -> Any:
        import torch

        with torch.inference_mode():
            return model.model(**model.tokenizer(inputs, padding=True, return_tensors="pt")).logits.float().numpy()


def _tokenizer() -> Any:
    from transformers import BertTokenizer

    return BertTokenizer(vocab={word: number for number, word in enumerate(_WORDS)})


def _bert() -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(vocab_size=len(_WORDS), **_SMALL)).eval()
