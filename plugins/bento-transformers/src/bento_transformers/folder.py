"""A model and its parts in a folder: each in a subfolder, and their classes in `model.json`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bento import ArtifactError
from bento.artifacts import read_json, slot_file, write_json

from .classes import PARTS, find_class, name_of
from .files import WEIGHTS, check_model_files, check_part_files, clean
from .pretrained import Pretrained
from .settings import apply, settings_of
from .sizes import as_large_as

if TYPE_CHECKING:
    import torch

_FILE = "model.json"
# While transformers loads a model, it changes PyTorch's default dtype and how modules are made, and this affects all threads.
_LOCK = threading.Lock()
_PANIC = "PanicException"
"""The class that tokenizers raises when its Rust code panics. It is not an Exception, and its module cannot be imported."""
_ONE_FILE = 1 << 62
"""In bytes: so large that transformers never splits the weights into several files."""


def write(value: Any, folder: Path) -> None:
    """Write a pipeline, a model with its parts, or a model."""
    from transformers import Pipeline

    whole = isinstance(value, Pipeline | Pretrained)
    model, parts = (value.model, _parts(value)) if whole else (value, {})
    described: dict[str, Any] = {
        "model": name_of(model, "model"),
        "parts": {part: name_of(each, part) for part, each in parts.items()},
        "is": "pipeline" if isinstance(value, Pipeline) else "parts" if isinstance(value, Pretrained) else "model",
    }
    if isinstance(value, Pipeline):
        described |= {"pipeline": name_of(value, "pipeline"), "task": value.task, "settings": settings_of(value)}
    write_json(folder / _FILE, described)
    with _quiet():
        model.save_pretrained(folder / "model", max_shard_size=_ONE_FILE)
        for part, each in parts.items():
            each.save_pretrained(folder / part)
    clean(folder)


def read(folder: Path, device: torch.device) -> Any:
    """Read the folder that `write` wrote, onto a device. An ArtifactError if it cannot be loaded."""
    described = read_json(slot_file(folder, _FILE))
    try:
        with _LOCK, _quiet():
            return _read(described, folder, device)
    except ArtifactError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        raise ArtifactError(f"cannot load {str(folder)!r}: {type(error).__name__}: {error}") from error


def _read(described: Any, folder: Path, device: torch.device) -> Any:
    model = _read_model(find_class(described["model"], "model"), folder / "model").to(device)
    parts = {part: _read_part(find_class(name, part), folder / part) for part, name in described["parts"].items()}
    match described["is"]:
        case "model":
            return model
        case "parts":
            return Pretrained(model, **parts)
        case "pipeline":
            pipeline = find_class(described["pipeline"], "pipeline")(model=model, task=described["task"], device=device, **parts)
            apply(described["settings"], pipeline)
            return pipeline
    raise ArtifactError(f"{str(folder / _FILE)!r} is damaged: a model is not a {described['is']!r}")


def _parts(value: Any) -> Mapping[str, Any]:
    """The parts of a pipeline or a Pretrained, except the model and the parts that a processor contains itself."""
    parts = {part: getattr(value, part) for part in PARTS if getattr(value, part, None) is not None}
    processor, extractor = parts.get("processor"), parts.get("feature_extractor")
    return {
        part: each
        for part, each in parts.items()
        if not (each is getattr(processor, part, None) or (part == "image_processor" and each is extractor))
    }


def _read_model(kind: Any, folder: Path) -> Any:
    """A model in evaluation mode. Weights that are missing would be random, so a model without all of its weights is refused."""
    check_model_files(folder)
    with as_large_as(folder / WEIGHTS):
        model, report = kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype="auto", output_loading_info=True
        )
    faults = {name: sorted(map(str, report[name])) for name in ("missing_keys", "unexpected_keys", "mismatched_keys") if report.get(name)}
    if faults:
        name, keys = next(iter(faults.items()))
        raise ArtifactError(f"the weights in {str(folder)!r} are not those of a {kind.__name__}: {name}: {', '.join(keys[:5])}")
    return model.eval().requires_grad_(requires_grad=False)


def _read_part(kind: Any, folder: Path) -> Any:
    if not folder.is_dir():
        raise ArtifactError(f"cannot read {str(folder)!r}, which a part of the model was saved in: No such file or directory")
    check_part_files(folder)
    return kind.from_pretrained(folder, local_files_only=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Turn off progress bars, which do not belong in a server's log."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
