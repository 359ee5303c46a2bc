"""Pipelines and models of Hugging Face transformers as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import Service, instance_of
from bento.artifacts import has_file
from bento_torch import DeviceArtifact

from .pretrained import Pretrained

if TYPE_CHECKING:
    from pathlib import Path


class TransformersArtifact(DeviceArtifact[Any]):
    """Keeps a `transformers.Pipeline`, a model, or a `Pretrained`, which is a model with its tokenizer or processor, as data.

    Weights are kept in safetensors. Only classes of transformers itself are used: code or files in other places are never loaded, and no
    hub is contacted. You get back what you packed, a pipeline with its task and settings, in evaluation mode on `device`: `auto` (the best
    device of the machine) or a name such as `cuda:1`.
    """

    name = "transformers"
    framework = "transformers"

    def save(self, model: Any, folder: Path) -> None:
        import torch

        from .folder import read, write

        write(model, folder)
        # A model that cannot be loaded is refused now, and not on the machine that serves.
        read(folder, torch.device("cpu"))

    def load(self, folder: Path) -> Any:
        from .folder import read

        return read(folder, self.device())

    def accepts(self, model: object) -> bool:
        bare = model.model if isinstance(model, Pretrained) else model
        # By the name of the defining module, because using a class of transformers would import it.
        return instance_of(model, "transformers.pipelines.base", "Pipeline") or instance_of(
            bare, "transformers.modeling_utils", "PreTrainedModel"
        )

    def advice(self, model: object) -> str:
        way_out = f"pack a pipeline with its model, such as transformers.pipeline('text-classification', {str(model)!r})"
        return way_out if has_file(model, "config.json") else ""

    def requirements(self) -> list[str]:
        return ["bento-torch", "safetensors", "tokenizers", "torch", "transformers"]

    def default_service(self) -> type[Service] | None:
        from .service import TransformersService

        return TransformersService
