"""Opening a model in ONNX Runtime, and finding the source (a path or bytes) of the models that users pass."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bento import ArtifactError, instance_of

from .model_file import check_file, check_whole, is_model, weight_files
from .runtime import import_runtime

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

    from .settings import Provider, Settings

log = logging.getLogger(__name__)

_SUFFIX = ".onnx"
_MEMORY = "the model that it was given"


def is_session(model: object) -> bool:
    """Whether a model is already open in ONNX Runtime."""
    return instance_of(model, "onnxruntime", "InferenceSession")


def is_source(model: object) -> bool:
    """Whether a model can be opened: the path or the bytes of an `.onnx` file, or an `onnx.ModelProto`."""
    if isinstance(model, str | os.PathLike):
        return str(model).lower().endswith(_SUFFIX)
    if isinstance(model, bytes):
        return is_model(model)
    return instance_of(model, "onnx", "ModelProto")


def source_of(model: Any) -> Path | bytes:
    """The path of a model's file, or its bytes."""
    if is_session(model):
        model = _opened_from(model)
    if isinstance(model, bytes):
        return model
    if isinstance(model, str | os.PathLike):
        return Path(model)
    try:
        content: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:
        raise ArtifactError(
            f"onnx cannot write the model in one piece: {error}: write it with onnx.save(model, 'model.onnx', save_as_external_data=True) "
            "and pack that path"
        ) from error
    return content


def checked_source(model: Any) -> Path | bytes:
    """The same as `source_of`, after a check. An ArtifactError if it is not a model, is incomplete, or names files in other folders."""
    source = source_of(model)
    if isinstance(source, bytes):
        check_whole(source)
    else:
        check_file(source)
        weight_files(source)
    return source


def open_session(source: Path | bytes, settings: Settings) -> InferenceSession:
    """A session for a model. An ArtifactError if ONNX Runtime cannot open it with these settings."""
    onnxruntime = import_runtime()
    providers = _available(onnxruntime, settings.providers)
    what = _MEMORY if isinstance(source, bytes) else repr(str(source))
    try:
        session = onnxruntime.InferenceSession(
            source if isinstance(source, bytes) else str(source.absolute()),
            settings.session_options(),
            providers=[(name, options) if options else name for name, options in providers],
            enable_fallback=0,
        )
    except Exception as error:
        raise ArtifactError(f"ONNX Runtime cannot open {what}: {type(error).__name__}: {error}") from error
    _tell_missing(what, [name for name, _ in settings.providers], session.get_providers())
    return session


def _opened_from(session: Any) -> Any:
    """The path or the bytes that a session was opened from. ONNX Runtime keeps it, to open it again with other providers."""
    kept = getattr(session, "_model_path", None) or getattr(session, "_model_bytes", None)
    if kept is None:
        raise ArtifactError(
            "this InferenceSession does not know what it was opened from: pack the path of the model, as Path('model.onnx')"
        )
    return kept


def _available(onnxruntime: Any, providers: Sequence[Provider]) -> list[Provider]:
    here = onnxruntime.get_available_providers()
    for name, _ in providers:
        if name not in here and name not in onnxruntime.get_all_providers():
            raise ArtifactError(f"ONNX Runtime knows no provider {name!r}: it has {', '.join(here)} here")
    found = [provider for provider in providers if provider[0] in here]
    if not found:
        names = ", ".join(name for name, _ in providers)
        raise ArtifactError(f"this ONNX Runtime has no {names}: it has {', '.join(here)}: install onnxruntime-gpu, or add one of those")
    return found


def _tell_missing(what: str, wanted: Sequence[str], running: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in running]
    if missing:
        log.warning("%s runs on %s: ONNX Runtime has no %s here", what, ", ".join(running), ", ".join(missing))
