"""TorchScript: programs with their weights, in a format that PyTorch has deprecated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import ArtifactError, instance_of
from bento.artifacts import slot_file

from .base import DeviceArtifact

if TYPE_CHECKING:
    from pathlib import Path

    from torch.jit import ScriptModule

_FILE = "model.pt"


class TorchScriptArtifact(DeviceArtifact["ScriptModule"]):
    """Keeps a program from `torch.jit.script` or `torch.jit.trace`. It needs no Python code of yours.

    A forged file can run any code when it is loaded (see PyTorch's security policy), so a bundle from elsewhere needs trust. A loaded
    program is in evaluation mode on `device`. PyTorch has deprecated TorchScript: prefer `TorchExportArtifact`.
    """

    name = "torchscript"
    runs_code = True

    def save(self, model: ScriptModule, folder: Path) -> None:
        model.save(str(folder / _FILE))

    def load(self, folder: Path) -> ScriptModule:
        import torch

        from .archive import check_archive

        path = slot_file(folder, _FILE)
        check_archive(path)
        device = self.device()
        try:
            module: ScriptModule = torch.jit.load(path, map_location=device).eval()
        except Exception as error:
            raise ArtifactError(f"{str(path)!r} is damaged, or not for this PyTorch: {error}") from error
        for parameter in module.parameters():
            parameter.requires_grad_(requires_grad=False)
        return module

    def accepts(self, model: object) -> bool:
        return instance_of(model, "torch.jit", "ScriptModule")

    def advice(self, model: object) -> str:
        return "pack what torch.jit.script or torch.jit.trace makes of it" if instance_of(model, "torch.nn", "Module") else ""
