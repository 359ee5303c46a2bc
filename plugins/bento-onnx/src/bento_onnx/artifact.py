"""ONNX models, kept as their own files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shutil import copyfile
from typing import TYPE_CHECKING, Any, Self, overload

from bento import Artifact, Service
from bento.artifacts import distribution_of, slot_file

from .model_file import MODEL, weight_files
from .session import checked_source, is_session, is_source, open_session, source_of
from .settings import CPU, Settings, checked_providers

if TYPE_CHECKING:
    from pathlib import Path

    from onnxruntime import InferenceSession

    from bento.artifact import JSON

_RUNTIME = "onnxruntime"


class OnnxArtifact(Artifact["InferenceSession"]):
    """Keeps an `.onnx` file, and the files beside it that contain its weights. On a service, the slot is an `InferenceSession`.

    You pack the path of the file, its bytes, an `onnx.ModelProto`, or a session. `providers` are execution providers of ONNX Runtime, in
    order of preference, each a name or a pair of a name and options. `optimization` is `all`, `extended`, `basic` or `none`. Without
    `intra_op_threads`, each worker of a server starts its share of the threads. `config` has further entries for the session's
    configuration.
    """

    name = "onnx"
    framework = _RUNTIME

    def __init__(
        self,
        *,
        providers: Sequence[str | Sequence[Any]] = (CPU,),
        optimization: str = "all",
        intra_op_threads: int | None = None,
        inter_op_threads: int | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = Settings(checked_providers(providers), optimization, intra_op_threads, inter_op_threads, config or {})

    def save(self, model: Any, folder: Path) -> None:
        source = checked_source(model)
        if isinstance(source, bytes):
            (folder / MODEL).write_bytes(source)
        else:
            for location, file in weight_files(source).items():
                (folder / location).parent.mkdir(parents=True, exist_ok=True)
                copyfile(file, folder / location, follow_symlinks=False)
            copyfile(source, folder / MODEL, follow_symlinks=False)
        self.load(folder)

    def load(self, folder: Path) -> InferenceSession:
        path = slot_file(folder, MODEL)
        weight_files(path)
        return open_session(path, self._settings)

    def accepts(self, model: object) -> bool:
        return is_session(model) or is_source(model)

    def requirements(self) -> list[str]:
        return [distribution_of(_RUNTIME, _RUNTIME)]

    def options(self) -> dict[str, JSON]:
        return self._settings.options()

    def default_service(self) -> type[Service] | None:
        from .service import OnnxService

        return OnnxService

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> InferenceSession: ...
    def __get__(self, instance: object | None, owner: type) -> Self | InferenceSession:
        """The session of a service. If the service was given a file, the session is opened at the first access."""
        held = None if instance is None else vars(instance).get(self.slot or "")
        if held is None:
            return super().__get__(instance, owner)
        key = self._opened
        if key not in vars(instance) and not is_source(held):
            model: InferenceSession = held
            return model
        opened: InferenceSession = vars(instance).get(key) or vars(instance).setdefault(key, open_session(source_of(held), self._settings))
        return opened

    def __set__(self, instance: object, value: object) -> None:
        # Because this method exists, `__get__` takes precedence over the value in the service's `__dict__`, which may be a path.
        vars(instance).pop(self._opened, None)
        vars(instance)[self.slot or ""] = value

    @property
    def _opened(self) -> str:
        """The attribute in which a service keeps the session of a file that it was given."""
        return f"_{self.slot}_session"
