"""Modules as their state: the recommended format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bento import ArtifactError, instance_of
from bento.artifacts import slot_file, suffix_of

from .base import DeviceArtifact
from .build import ModuleBuild
from .device import AUTO

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from bento.artifact import JSON

_FILE = "model.safetensors"
_WEIGHTS = (".bin", ".ckpt", ".pt", ".pth", ".safetensors")


class TorchArtifact(DeviceArtifact["nn.Module"]):
    """Keeps a module's state as data, in safetensors; `build`, a class or function of the service's code, makes the module again.

    `build` is called with `arguments`, which are JSON values and kept in the manifest. It must make a module of the same class and with the
    same parts as the model. A loaded module is in evaluation mode on `device`, and its parameters need no gradients. On the processor,
    their values are mapped from the file, so all processes share them. `device` is `auto` (the best device of the machine) or a name such
    as `cuda:1`.
    """

    name = "torch"

    def __init__(self, build: Callable[..., nn.Module] | str, *, device: str = AUTO, **arguments: JSON) -> None:
        super().__init__(device=device)
        self._build = ModuleBuild(type(self).__name__, "module", build, arguments)

    def save(self, model: nn.Module, folder: Path) -> None:
        from .filling import build_light
        from .fitting import check_fits
        from .state import state_of
        from .state_file import write

        state = state_of(model)
        check_fits(model, self._build, build_light(self._build))
        write(state, folder / _FILE)

    def load(self, folder: Path) -> nn.Module:
        from .filling import rebuild
        from .state_file import read

        path = slot_file(folder, _FILE)
        state = read(path)
        try:
            module = rebuild(self._build, state)
        except ArtifactError as error:
            raise ArtifactError(f"cannot load {str(path)!r}: {error}") from error
        except Exception as error:
            raise ArtifactError(f"cannot load {str(path)!r} into {self._build}: {type(error).__name__}: {error}") from error
        return module.to(self.device())

    def accepts(self, model: object) -> bool:
        return instance_of(model, "torch.nn", "Module") and not instance_of(model, "torch.jit", "ScriptModule")

    def advice(self, model: object) -> str:
        if isinstance(model, Mapping) and any(instance_of(value, "torch", "Tensor") for value in model.values()):
            return "it is a state: give it to a module with load_state_dict(), and pack the module"
        if suffix_of(model) in _WEIGHTS:
            return f"load {str(model)!r} into a module with load_state_dict(), and pack the module"
        if instance_of(model, "torch.jit", "ScriptModule"):
            return "TorchScriptArtifact keeps one"
        return "TorchExportArtifact keeps one" if instance_of(model, "torch.export", "ExportedProgram") else ""

    def requirements(self) -> list[str]:
        return ["safetensors", *super().requirements()]

    def modules_of(self, model: nn.Module) -> list[str]:
        return [self._build.module]

    def options(self) -> dict[str, JSON]:
        return {"build": self._build.name, **super().options(), **self._build.arguments}
