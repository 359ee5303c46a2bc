"""Exported programs: the graph of a module with its weights."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from bento import ArtifactError, instance_of
from bento.artifacts import slot_file

from .base import DeviceArtifact

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch.export import ExportedProgram

_FILE = "model.pt2"
# PyTorch keeps the state of a running load in global variables, which all threads share.
_LOCK = threading.Lock()


class TorchExportArtifact(DeviceArtifact["ExportedProgram"]):
    """Keeps a program from `torch.export.export` as a `.pt2` file. It needs no Python code of yours; call its `module()` to predict.

    PyTorch unpickles parts of such a file, so a bundle from elsewhere needs trust. The file also contains the example inputs that the
    program was exported with. A loaded program is on `device`.
    """

    name = "torch-export"
    runs_code = True

    def save(self, model: ExportedProgram, folder: Path) -> None:
        import torch

        path, processor = folder / _FILE, torch.device("cpu")
        torch.export.save(model, path)
        if not _is_on(model, processor):
            # PyTorch loads tensors onto the device that they were saved from, and fails if the machine does not have it.
            torch.export.save(_on(_read(path), processor), path)

    def load(self, folder: Path) -> ExportedProgram:
        from .archive import check_archive

        path = slot_file(folder, _FILE)
        check_archive(path)
        device = self.device()
        try:
            return _on(_read(path), device)
        except Exception as error:
            raise ArtifactError(f"{str(path)!r} is damaged, or not for this PyTorch: {type(error).__name__}: {error}") from error

    def accepts(self, model: object) -> bool:
        return instance_of(model, "torch.export", "ExportedProgram")

    def advice(self, model: object) -> str:
        return "pack what torch.export.export makes of it" if instance_of(model, "torch.nn", "Module") else ""


def _read(path: Path) -> ExportedProgram:
    import torch

    with _LOCK:
        return torch.export.load(path)


def _is_on(program: ExportedProgram, device: torch.device) -> bool:
    return all(tensor.device.type == device.type for tensor in (*program.state_dict.values(), *program.tensor_constants.values()))


def _on(program: ExportedProgram, device: torch.device) -> ExportedProgram:
    from torch.export.passes import move_to_device_pass

    return program if _is_on(program, device) else move_to_device_pass(program, device)
