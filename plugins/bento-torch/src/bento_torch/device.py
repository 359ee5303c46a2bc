"""Devices: one with a given name, or the best device of the machine."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bento import ArtifactError, DefinitionError

if TYPE_CHECKING:
    import torch

AUTO = "auto"
_NAME = re.compile(r"[a-z]+(:[0-9]+)?")


def check_device(device: object, owner: str) -> str:
    """The name of a device, checked for its form only: the machine that loads the model may have other devices.

    `owner` is the name of the class that was given the device, for the error message.
    """
    if not isinstance(device, str) or not _NAME.fullmatch(device):
        raise DefinitionError(
            f"expected {owner}(device=...) with 'auto', or the name of a device such as 'cpu' or 'cuda:1', got {device!r}"
        )
    return device


@cache
def find_device(device: str) -> torch.device:
    """The device with this name; `auto` is the accelerator of this machine, such as a GPU, or otherwise the processor."""
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
    """Whether an error has made the GPU unusable for this process: for example, after an index out of range all calls of CUDA fail."""
    import torch

    if not isinstance(error, RuntimeError) or not torch.cuda.is_initialized():
        return False
    try:
        torch.cuda.current_stream(find_device(device)).query()
    except RuntimeError:
        return True
    return False


def options_of(device: str) -> dict[str, str]:
    """The device as an option in the manifest; empty for the default."""
    return {} if device == AUTO else {"device": device}
