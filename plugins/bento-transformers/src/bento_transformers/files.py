"""The files of a model, a tokenizer or a processor: which files are allowed, and what they may contain.

transformers reads more than data if a folder contains it: pickled weights, Python files that a configuration names, adapters, and code or
weights from a hub. None of these are written. A file that is not on the list is refused before transformers reads the folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bento import ArtifactError
from bento.artifacts import slot_file

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
_MODEL_FILES = frozenset({CONFIG, WEIGHTS, "generation_config.json"})
_PART_SUFFIXES = frozenset({".jinja", ".json", ".model", ".spm", ".txt"})
_NAMES_OTHERS = frozenset({"adapter_config.json", "speaker_embeddings_path.json"})
"""Files that name a model or voices in another folder or on a hub."""

_CODE = frozenset({"auto_map", "custom_pipelines"})
_KERNELS = ("/", "flash_attention")
"""Parts of the names of kernels that transformers takes from a hub. The files that it saves never name an implementation."""
_ELSEWHERE = frozenset({"audio_tokenizer_name_or_path", "class_info_file"})
"""Keys under which a processor names another model or a file of classes, which transformers reads from any folder or from a hub."""
_TOKENS = "special_tokens_map.json"
_PLACES = frozenset({"_name_or_path", "is_local", "local_files_only", "name_or_path"})
"""Keys under which transformers notes where on this machine a model was loaded from."""
_QUANTIZED = "quantization_config"
_COUNTED = ("layer", "num_labels")
_MOST = 1 << 20
"""The largest number in a configuration that transformers may turn into a list of that length before it makes the model."""


def check_model_files(folder: Path) -> None:
    """Refuse a model's folder if a file is missing, or if it has a file that is more than data."""
    for name in (CONFIG, WEIGHTS):
        slot_file(folder, name)
    _check(folder, lambda path: path.name in _MODEL_FILES and path.parent == folder)


def check_part_files(folder: Path) -> None:
    """Refuse the folder of a tokenizer or processor if it has a file that is more than data."""
    _check(folder, lambda path: path.suffix in _PART_SUFFIXES and path.name not in _NAMES_OTHERS)


def clean(folder: Path) -> None:
    """Remove keys that name code from the configurations, and keys that depend on the folder that a model was loaded from."""
    for path in _configurations(folder):
        configuration = json.loads(path.read_bytes())
        cleaned = _without(configuration)
        if cleaned != configuration:
            path.write_text(json.dumps(cleaned, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _check(folder: Path, allowed: Any) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        slot_file(path.parent, path.name)
        if not allowed(path):
            raise ArtifactError(f"{str(path)!r} is not a file that a model is kept in here: expected weights in safetensors, JSON and text")
    for path in [*_configurations(folder), *sorted(folder.rglob(_TOKENS))]:
        try:
            value = json.loads(path.read_bytes())
            if path.name == _TOKENS:
                _check_tokens(value, path)
            _check_data(value, path)
        except (ValueError, RecursionError) as error:
            raise ArtifactError(f"{str(path)!r} is damaged: {error}") from error


def _configurations(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*config.json")))


def _check_tokens(value: Any, path: Path) -> None:
    """Refuse keys that are not tokens: transformers passes all keys of this file to the tokenizer, and some name files that it reads."""
    for key in value:
        if not key.endswith(("_token", "_tokens")):
            raise ArtifactError(f"{str(path)!r} has {key!r}, which is not a token")


def _check_data(value: Any, path: Path) -> None:
    if isinstance(value, list):
        for item in value:
            _check_data(item, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _CODE or (key.endswith("_implementation") and any(name in str(item) for name in _KERNELS)):
                raise ArtifactError(f"{str(path)!r} names code to run, under {key!r}: only transformers' own models are loaded")
            if key in _ELSEWHERE and item is not None:
                raise ArtifactError(f"{str(path)!r} names files elsewhere, under {key!r}: only what is in the bundle is loaded")
            if key == _QUANTIZED and item is not None:
                raise ArtifactError(
                    f"{str(path)!r} is of a quantised model, which takes libraries that this format does not know: "
                    "pack the model that it was made from"
                )
            if type(item) is int and item > _MOST and any(name in key for name in _COUNTED):
                raise ArtifactError(f"{str(path)!r} asks for {item} as {key!r}: expected at most {_MOST}")
            _check_data(item, path)


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(item) for item in value]
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in _CODE | _PLACES}
    return value
