"""The settings that a pipeline was made with, such as the number of answers, how words are joined, and options for generation."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Any

from bento import ArtifactError

_ATTRIBUTES = (
    *("_preprocess_params", "_forward_params", "_postprocess_params", "_generate_kwargs"),
    *("_batch_size", "_num_workers", "binary_output"),
)
"""The attributes in which a pipeline keeps the arguments that it was made with, except the model."""
_CODE = frozenset({"custom_generate", "trust_remote_code"})
"""Settings that make `generate` run code from a folder or a hub."""
_MOST_WORKERS = 256
_ENUM = "enum"
_GENERATION = "generation_config"
"""The attribute in which transformers before 5.24 keeps the options for generation, as an object."""


def settings_of(pipeline: Any) -> dict[str, Any]:
    """A pipeline's settings as JSON values. Any others are refused when the settings are written."""
    if getattr(pipeline, "assistant_model", None) is not None:
        raise ArtifactError("cannot keep the assistant model of the pipeline: pack it into a slot of its own, and pass it in the call")
    settings = {name: _plain(getattr(pipeline, name)) for name in _ATTRIBUTES if hasattr(pipeline, name)}
    generation = vars(pipeline).get(_GENERATION)
    return settings if generation is None else {**settings, _GENERATION: _plain(generation.to_dict())}


def apply(settings: Any, pipeline: Any) -> None:
    """Set a pipeline's settings."""
    home = sys.modules[type(pipeline).__module__]
    for name, value in settings.items():
        if name == _GENERATION:
            pipeline.generation_config = _generation(value)
        elif name in _ATTRIBUTES:
            if not _is_meant(name, value):
                raise ArtifactError(f"a pipeline's {name} is not {value!r:.60}")
            setattr(pipeline, name, _value(value, home))
        else:
            raise ArtifactError(f"a pipeline has no setting {name!r}")


def _is_meant(name: str, value: Any) -> bool:
    """Whether the value of a setting is valid. transformers does not check it, and would start any number of processes."""
    match name:
        case "_batch_size":
            return value is None or (type(value) is int and value > 0)
        case "_num_workers":
            return value is None or (type(value) is int and 0 <= value <= _MOST_WORKERS)
        case "binary_output":
            return type(value) is bool
    return isinstance(value, dict)


def _generation(settings: Any) -> Any:
    from transformers import GenerationConfig

    return GenerationConfig.from_dict(settings)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return {_ENUM: type(value).__name__, "value": value.value}
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if type(value) in (list, tuple) else value


def _value(value: Any, home: Any) -> Any:
    match value:
        case {"enum": str(name), "value": kept} if len(value) == len((_ENUM, "value")):
            kind = getattr(home, name, None)
            if not (isinstance(kind, type) and issubclass(kind, Enum)):
                raise ArtifactError(f"{home.__name__} has no enumeration {name!r}")
            return kind(kept)
        case dict():
            for key in _CODE & value.keys():
                raise ArtifactError(f"the pipeline's settings name code to run, under {key!r}: only transformers' own models are loaded")
            return {key: _value(item, home) for key, item in value.items()}
        case list():
            return [_value(item, home) for item in value]
    return value
