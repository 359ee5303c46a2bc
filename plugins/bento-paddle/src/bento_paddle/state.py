"""A layer's state, as a safetensors file: named tensors, and nothing that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.paddle import load_file, save_file

from bento import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import paddle
    from paddle import nn


def state_of(layer: nn.Layer) -> dict[str, paddle.Tensor]:
    """Copies of a layer's tensors on the processor, each in its own contiguous memory, as safetensors needs them."""
    return {name: tensor.detach().cpu().clone() for name, tensor in sorted(layer.state_dict().items())}


def fill(layer: nn.Layer, state: Mapping[str, paddle.Tensor]) -> nn.Layer:
    """Give a layer its state, and put it into evaluation mode."""
    layer.set_state_dict(dict(state))
    for parameter in layer.parameters():
        parameter.stop_gradient = True
    layer.eval()
    return layer


def write(state: Mapping[str, paddle.Tensor], path: Path) -> None:
    """Write a state."""
    try:
        save_file(dict(state), path)
    except Exception as error:
        raise ArtifactError(f"safetensors cannot keep the model's tensors: {type(error).__name__}: {error}") from error


def read(path: Path) -> dict[str, paddle.Tensor]:
    """Read a state. A damaged file is an ArtifactError."""
    try:
        return dict(load_file(path))
    except Exception as error:
        # For a damaged header, safetensors and PaddlePaddle raise nearly any exception. Neither executes what it reads.
        raise ArtifactError(f"{str(path)!r} is damaged: {error}") from error
