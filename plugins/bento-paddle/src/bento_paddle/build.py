"""What makes a layer: a class or function of the service's code, and the arguments that the manifest keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from bento import ArtifactError, DefinitionError, type_name

if TYPE_CHECKING:
    from paddle import nn

    from bento.artifact import JSON

_PATH = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*|\w+(\.\w+)+")


@dataclass(frozen=True, slots=True)
class Build:
    """A class or function, or its name as in `nets:Net`, and its arguments by keyword, which are JSON."""

    function: Callable[..., nn.Layer] | str
    arguments: Mapping[str, JSON]

    def __post_init__(self) -> None:
        if not (_PATH.fullmatch(self.function) if isinstance(self.function, str) else hasattr(self.function, "__qualname__")):
            raise DefinitionError(
                "expected PaddleArtifact(build=...) with a class or function that makes the layer, or its name as in 'nets:Net', "
                f"got {self.function!r}"
            )
        for name, value in self.arguments.items():
            if not _is_json(value):
                raise DefinitionError(
                    f"PaddleArtifact cannot keep {name}={value!r} for {self.name}: expected lists, dicts, texts, numbers and None"
                )

    @property
    def name(self) -> str:
        """Where another process finds the function. A class says where it is from when it is asked, as a script's name changes."""
        if isinstance(self.function, str):
            return self.function
        return f"{self.function.__module__}:{self.function.__qualname__}"

    def __str__(self) -> str:
        return f"{self.name.replace(':', '.')}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"

    def __call__(self) -> nn.Layer:
        """A layer as the function makes it. PaddlePaddle's random numbers go on as if there had been none."""
        import paddle

        function = resolve_name(self.function) if isinstance(self.function, str) else self.function
        numbers = paddle.get_rng_state()
        try:
            layer: nn.Layer = function(**json.loads(json.dumps(self.arguments)))
        finally:
            paddle.set_rng_state(numbers)
        if not isinstance(layer, paddle.nn.Layer):
            raise ArtifactError(f"{self} makes a {type_name(layer)}: expected a paddle.nn.Layer")
        return layer


def _is_json(value: object) -> bool:
    """Whether JSON brings a value back as it is, which a tuple or NaN is not."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False
