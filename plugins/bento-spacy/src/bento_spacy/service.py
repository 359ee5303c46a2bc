"""The service for a pipeline whose owner writes none."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import JsonAdapter, TextAdapter

from .artifact import SpacyArtifact


class SpacyService(bento.Service):
    """Answer texts with what a spaCy pipeline finds in them."""

    model = SpacyArtifact()

    @bento.api(input=TextAdapter(), output=JsonAdapter(), batch=True)
    def predict(self, texts: list[str]) -> list[Any]:
        """Give each text's tokens, entities, categories and what else there is, in spaCy's own form."""
        # Else the vocabulary would keep every new word for as long as the process lives.
        with self.model.memory_zone():
            return [text.to_json() for text in self.model.pipe(texts)]
