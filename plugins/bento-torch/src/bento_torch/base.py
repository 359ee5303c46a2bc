"""The base of artifacts whose models run in PyTorch, those of this plugin and of other plugins."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from bento import Artifact

from .device import AUTO, check_device, find_device, is_lost, options_of

if TYPE_CHECKING:
    import torch

    from bento.artifact import JSON

M = TypeVar("M")


class DeviceArtifact(Artifact[M]):
    """A base class for artifacts that load a model onto `device`. Apis are called in PyTorch's inference mode.

    `device` is `auto` (the best device of the machine) or a name such as `cuda:1`.
    """

    framework = "torch"

    def __init__(self, *, device: str = AUTO) -> None:
        self._device = check_device(device, type(self).__name__)

    def device(self) -> torch.device:
        """The device that a model is loaded onto. An ArtifactError if this machine has no device with that name."""
        return find_device(self._device)

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
