"""A model and its tokenizer or processor, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A model with its tokenizer, processor, or both: `Chat(model=Pretrained(model, tokenizer=tokenizer))`.

    `processor` may be a processor, an image or video processor, or a feature extractor.
    """

    model: PreTrainedModel
    tokenizer: Any = None
    processor: Any = None
