"""Tiny models and tokenizers, made from configurations and a vocabulary."""

import numpy as np
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTForImageClassification,
    pipeline,
)

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "very", "room", "soup"]
SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def tokenizer():
    return BertTokenizer(vocab={word: number for number, word in enumerate(WORDS)})


def bert(kind=BertForSequenceClassification, **options):
    torch.manual_seed(0)
    model = kind(BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **SMALL, **options)).eval()
    for weights in model.parameters():
        torch.nn.init.normal_(weights)
    return model


def classifier(**options):
    labels = {"id2label": {0: "kind", 1: "unkind"}, "label2id": {"kind": 0, "unkind": 1}}
    return pipeline("text-classification", model=bert(**labels), tokenizer=tokenizer(), device="cpu", **options)


def tagger(**options):
    return pipeline("token-classification", model=bert(BertForTokenClassification), tokenizer=tokenizer(), device="cpu", **options)


def filler(**options):
    return pipeline("fill-mask", model=bert(BertForMaskedLM), tokenizer=tokenizer(), device="cpu", **options)


def embedder():
    return pipeline("feature-extraction", model=bert(BertModel), tokenizer=tokenizer(), device="cpu")


def writer(**options):
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=len(WORDS), n_positions=32, n_embd=8, n_layer=1, n_head=2, eos_token_id=3, bos_token_id=2)
    )
    words = PreTrainedTokenizerFast(tokenizer_object=tokenizer().backend_tokenizer, pad_token="[PAD]", eos_token="[SEP]")
    return pipeline("text-generation", model=model.eval(), tokenizer=words, device="cpu", **options)


def seer():
    torch.manual_seed(0)
    return ViTForImageClassification(ViTConfig(image_size=8, patch_size=4, num_channels=1, **SMALL)).eval()


def same(one, other):
    """The last bits of a result depend on where in memory its inputs lie, and on the device."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float | np.ndarray | np.floating):
        return bool(np.allclose(one, other, rtol=1e-4, atol=1e-5))
    return one == other
