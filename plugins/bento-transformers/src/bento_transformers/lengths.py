"""Texts that are longer than a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bento import InvalidInput

_CUT = ("truncation", "stride")


def check_lengths(pipeline: Any, texts: Sequence[str]) -> None:
    """Refuse, as an InvalidInput, texts of more tokens than the model has positions for, unless the pipeline was made to cut them.

    The model would fail on them, and on a GPU an index that is out of range is the end of all calls in its process.
    """
    most = _most(pipeline)
    if _cuts(pipeline._preprocess_params):  # noqa: SLF001 - nothing public tells
        return
    for tokens in map(len, pipeline.tokenizer(list(texts), verbose=False)["input_ids"]):
        if tokens > most:
            raise InvalidInput(f"expected a text of at most {most} tokens, got one of {tokens}")


def _most(pipeline: Any) -> int:
    told = (pipeline.tokenizer.model_max_length, _positions(pipeline.model))
    return min(int(length) for length in told if length is not None)


def _positions(model: Any) -> int | None:
    """How many positions a model has for tokens: those of RoBERTa and its kin begin behind that of the padding."""
    most = getattr(model.config, "max_position_embeddings", None)
    tables = [module for name, module in model.named_modules() if name.endswith("position_embeddings")]
    unused = [table.padding_idx + 1 for table in tables if getattr(table, "padding_idx", None) is not None]
    return None if most is None else most - max(unused, default=0)


def _cuts(settings: dict[str, Any]) -> bool:
    return any(settings.get(key) for key in _CUT) or any(_cuts(value) for value in settings.values() if isinstance(value, dict))
