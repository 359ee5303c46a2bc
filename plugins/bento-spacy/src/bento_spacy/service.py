"""The default service, for a pipeline that is saved without a service class."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import JsonAdapter, TextAdapter

from .artifact import SpacyArtifact


class SpacyService(bento.Service):
    """Analyse texts with a spaCy pipeline."""

    model = SpacyArtifact()

    @bento.api(input=TextAdapter(), output=JsonAdapter(), batch=True)
    def predict(self, texts: list[str]) -> list[Any]:
        """Give each text's tokens, entities, categories and other annotations, in spaCy's own JSON form."""
        for text in texts:
            if len(text) > self.model.max_length:
                raise bento.InvalidInput(f"expected a text of at most {self.model.max_length} characters, got one of {len(text)}")
        # Without a zone, the vocabulary would keep every new word as long as the process lives.
        with self.model.memory_zone():
            docs = [self.model.make_doc(text) for text in texts]
            # For a text without words, a text categorizer gives other scores in a batch than alone, so such texts are processed alone.
            empty = [not len(doc) for doc in docs]
            others = self.model.pipe([doc for doc in docs if len(doc)])
            return [(self.model(doc) if alone else next(others)).to_json() for doc, alone in zip(docs, empty, strict=True)]
