"""Hugging Face transformers for bento.

`TransformersArtifact` keeps pipelines, models, and models with their tokenizer or processor as data: weights in safetensors, the rest
in JSON and text. Importing this package imports neither transformers nor PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import TransformersArtifact
from .pretrained import Pretrained

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["Pretrained", "TransformersArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [TransformersArtifact]
