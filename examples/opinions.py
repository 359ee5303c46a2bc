"""Whether a review is kind, judged by a transformer: from a text to a label, and how sure the model is of it. Needs bento-transformers.

The transformer is tiny, and trained here in seconds on the reviews in the file beside this one. One from a hub is packed in the same way.
Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import TypedDict

import bento
from bento.adapters import JsonAdapter, TextAdapter
from bento_transformers import TransformersArtifact


class Opinion(TypedDict):
    """The answer of the service."""

    label: str
    score: float


class Opinions(bento.Service):
    """Tell whether a review is kind."""

    model = TransformersArtifact()

    @bento.api(input=TextAdapter(), output=JsonAdapter(), batch=True)
    def judge(self, texts: list[str]) -> list[Opinion]:
        """Label each review `kind` or `unkind`."""
        return self.model(texts, truncation=True)


if __name__ == "__main__":
    import csv
    from pathlib import Path

    import torch
    from tokenizers import normalizers, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, pipeline

    with Path(__file__).with_name("reviews.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]
    split, lower = pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer()
    words = sorted({word for text in texts for word, _ in split.pre_tokenize_str(lower.normalize_str(text))})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(special + words)}, model_max_length=64)

    torch.manual_seed(0)
    names = dict(enumerate(sorted(set(labels))))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        id2label=names,
        label2id={name: number for number, name in names.items()},
    )
    model = BertForSequenceClassification(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    targets = torch.tensor([config.label2id[label] for label in labels])
    for _ in range(60):
        optimizer.zero_grad()
        model(**batch, labels=targets).loss.backward()
        optimizer.step()
    bundle = bento.save(Opinions(model=pipeline("text-classification", model=model.eval(), tokenizer=tokenizer)))
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} judge --input 'what a lovely place'")
