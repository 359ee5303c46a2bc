"""The device that a model runs on: one by its name, or the best there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bento import ArtifactError, DefinitionError

if TYPE_CHECKING:
    import torch

AUTO = "auto"
_NAME = re.compile(r"[a-z]+(:[0-9]+)?")


def check_device(device: object) -> str:
    """The name of a device; whether there is one of that name is known where it is used."""
    if not isinstance(device, str) or not _NAME.fullmatch(device):
        raise DefinitionError(
            f"expected TransformersArtifact(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got {device!r}"
        )
    return device


def find_device(device: str) -> torch.device:
    """The device of this name; `auto` is the accelerator of this machine, such as a GPU, or else the processor."""
    import torch

    if device == AUTO:
        accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        return accelerator or torch.device("cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (AssertionError, RuntimeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise ArtifactError(f"there is no device {device!r} here: {reason}: device='auto' takes the best there is") from error
    return found


def is_lost(device: str, error: BaseException) -> bool:
    """Whether an error has left this process without its GPU: an index out of range, for one, is the end of all calls of CUDA there."""
    import torch

    if not isinstance(error, RuntimeError) or not torch.cuda.is_initialized():
        return False
    try:
        torch.cuda.current_stream(find_device(device)).query()
    except RuntimeError:
        return True
    return False
