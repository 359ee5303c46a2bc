"""The default service, for a pipeline that is saved without a service class."""

from __future__ import annotations

from typing import Any

import bento
from bento import ArtifactError, InvalidInput, type_name
from bento.adapters import JsonAdapter, TextAdapter

from .artifact import TransformersArtifact
from .lengths import check_lengths

_TASKS = ("feature-extraction", "fill-mask", "text-classification", "text-generation", "token-classification")


class TransformersService(bento.Service):
    """Run a transformers pipeline on texts."""

    model = TransformersArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        task = getattr(self.model, "task", None)
        if task not in _TASKS:
            what = type_name(self.model) if task is None else f"pipeline for {task!r}"
            raise ArtifactError(f"there is no service for a {what}: write a bento.Service, or pack a pipeline for {', '.join(_TASKS)}")

    @bento.api(input=TextAdapter(), output=JsonAdapter(), batch=True)
    def predict(self, texts: list[str]) -> list[Any]:
        """Give the pipeline's answer to each text."""
        from transformers.pipelines import PipelineException

        check_lengths(self.model, texts)
        try:
            # For a list with one text, some pipelines return that text's answer and not a list of one answer.
            return [*self.model(text for text in texts)]
        except PipelineException as error:
            raise InvalidInput(f"the pipeline cannot answer: {error.args[0]}") from error
