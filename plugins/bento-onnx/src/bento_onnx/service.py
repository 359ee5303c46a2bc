"""The default service, for a model that is saved without a service class."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import JsonAdapter

from .artifact import OnnxArtifact
from .schemas import reader
from .session import checked_source, is_session
from .values import feed


class OnnxService(bento.Service):
    """Run an ONNX model on tensors, which are nested lists."""

    model = OnnxArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        held = vars(self)["model"]
        if not is_session(held):
            checked_source(held)
        self.narrow("predict", input=reader(self.model.get_inputs()))

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def predict(self, tensors: Any) -> Any:
        """Give the model's outputs for its inputs, both as an object by name. A single input may stand alone; a single output does."""
        answers = self.model.run(None, feed(tensors, self.model.get_inputs()))
        names = [output.name for output in self.model.get_outputs()]
        return answers[0] if len(names) == 1 else dict(zip(names, answers, strict=True))
