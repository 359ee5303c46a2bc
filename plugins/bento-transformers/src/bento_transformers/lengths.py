"""Refusing texts that are too long for a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bento import InvalidInput

_CUT = ("truncation", "stride")


def check_lengths(pipeline: Any, texts: Sequence[str]) -> None:
    """Raise an InvalidInput for a text with more tokens than the model has positions for, unless the pipeline truncates texts.

    The model would fail on such a text, and on a GPU the index out of range would make all later calls in the process fail, too.
    """
    most = _most(pipeline)
    if _cuts(pipeline._preprocess_params):  # noqa: SLF001 - there is no public attribute for it
        return
    for tokens in map(len, pipeline.tokenizer(list(texts), verbose=False)["input_ids"]):
        if tokens > most:
            raise InvalidInput(f"expected a text of at most {most} tokens, got one of {tokens}")


def _most(pipeline: Any) -> int:
    told = (pipeline.tokenizer.model_max_length, _positions(pipeline.model))
    return min(int(length) for length in told if length is not None)


def _positions(model: Any) -> int | None:
    """The number of positions that a model has for tokens. In RoBERTa and similar models, the first ones up to the padding's are unused."""
    most = getattr(model.config, "max_position_embeddings", None)
    tables = [module for name, module in model.named_modules() if name.endswith("position_embeddings")]
    unused = [table.padding_idx + 1 for table in tables if getattr(table, "padding_idx", None) is not None]
    return None if most is None else most - max(unused, default=0)


def _cuts(settings: dict[str, Any]) -> bool:
    return any(settings.get(key) for key in _CUT) or any(_cuts(value) for value in settings.values() if isinstance(value, dict))
