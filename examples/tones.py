"""Whether a review is kind, judged by spaCy: from a text to a label, and how sure the model is of it. Needs bento-spacy.

The training data are in the file reviews.csv. Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import TypedDict

import bento
from bento.adapters import JsonAdapter, TextAdapter
from bento_spacy import SpacyArtifact


class Tone(TypedDict):
    """The answer of the service."""

    label: str
    score: float


class Tones(bento.Service):
    """Tell whether a review is kind."""

    model = SpacyArtifact()

    @bento.api(input=TextAdapter(), output=JsonAdapter(), batch=True)
    def judge(self, texts: list[str]) -> list[Tone]:
        """Label each review `kind` or `unkind`."""
        # In a zone, the vocabulary keeps new words only until the end of the block.
        with self.model.memory_zone():
            found = [max(text.cats.items(), key=lambda pair: pair[1]) for text in self.model.pipe(texts)]
        return [{"label": label, "score": score} for label, score in found]


if __name__ == "__main__":
    import csv
    import random
    from pathlib import Path

    import spacy
    from spacy.training import Example
    from spacy.util import fix_random_seed, minibatch

    with Path(__file__).with_name("reviews.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    labels = sorted({row["label"] for row in rows})
    seen = [
        Example.from_dict(nlp.make_doc(row["text"]), {"cats": {label: float(label == row["label"]) for label in labels}}) for row in rows
    ]
    optimizer = nlp.initialize(lambda: seen)
    for _ in range(20):
        random.shuffle(seen)
        for some in minibatch(seen, 8):
            nlp.update(some, sgd=optimizer)
    bundle = bento.save(Tones(model=nlp))
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} judge --input 'what a lovely place'")
