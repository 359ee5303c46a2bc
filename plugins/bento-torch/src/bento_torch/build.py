"""How to make a module again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import ArtifactError, type_name
from bento.artifacts import Build

if TYPE_CHECKING:
    from torch import nn


class ModuleBuild(Build["nn.Module"]):
    """Makes modules. The state of PyTorch's random number generator stays the same."""

    def __call__(self) -> nn.Module:
        import torch

        with torch.random.fork_rng(devices=[]):
            module = super().__call__()
        if not isinstance(module, torch.nn.Module):
            raise ArtifactError(f"{self} makes a {type_name(module)}: expected a torch.nn.Module")
        return module
