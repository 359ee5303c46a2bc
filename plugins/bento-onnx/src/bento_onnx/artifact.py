"""ONNX models as the files that they are."""

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
    """Keeps an `.onnx` file, and the files beside it that its weights lie in; on a service it is open, as an `InferenceSession`.

    What is packed is the path of the file, its bytes, an `onnx.ModelProto`, or a session. `providers` are ONNX Runtime's, the first that
    there is counting most, each a name or a pair of a name and options. `optimization` is `all`, `extended`, `basic` or `none`.
    Without `intra_op_threads`, each worker of a server starts its share of them. `config` has any further entries of a session's.
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
        """The session of a service, opened when it is first asked for if the service was given a file."""
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
        # With this method `__get__` comes before what lies in the service's `__dict__`, which may be a path.
        vars(instance).pop(self._opened, None)
        vars(instance)[self.slot or ""] = value

    @property
    def _opened(self) -> str:
        """Where a service has the session of the file that it was given."""
        return f"_{self.slot}_session"
