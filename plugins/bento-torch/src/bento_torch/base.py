"""What the artifacts of this plugin have in common."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from bento import Artifact

from .device import AUTO, check_device, is_lost, options_of

if TYPE_CHECKING:
    from bento.artifact import JSON

M = TypeVar("M")


class DeviceArtifact(Artifact[M]):
    """Loads a model onto a device, and has apis called in PyTorch's inference mode."""

    framework = "torch"

    def __init__(self, *, device: str = AUTO) -> None:
        self._device = check_device(device, type(self).__name__)

    def requirements(self) -> list[str]:
        return ["torch"]

    def options(self) -> dict[str, JSON]:
        return {**options_of(self._device)}

    def is_lost(self, error: BaseException) -> bool:
        return is_lost(self._device, error)

    def around(self) -> AbstractContextManager[object]:
        import torch

        mode: AbstractContextManager[object] = torch.inference_mode()
        return mode
