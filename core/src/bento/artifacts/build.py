"""How to make a model again if its file keeps only its state."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import DefinitionError

if TYPE_CHECKING:
    from ..artifact import JSON

M = TypeVar("M")

_PATH = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*|\w+(\.\w+)+")


@dataclass(frozen=True, slots=True)
class Build(Generic[M]):
    """A class or function of the service's code that makes a model, and its keyword arguments, which are JSON values.

    `function` may also be a name, such as `nets:Net`. Calling the Build calls the function and returns the model. Error messages
    use `owner`, the name of the artifact that takes the Build, and `what`, a word for what it makes.
    """

    owner: str
    what: str
    function: Callable[..., M] | str
    arguments: Mapping[str, JSON]

    def __post_init__(self) -> None:
        if not (_PATH.fullmatch(self.function) if isinstance(self.function, str) else hasattr(self.function, "__qualname__")):
            raise DefinitionError(
                f"expected {self.owner}(build=...) with a class or function that makes the {self.what}, or its name as in 'nets:Net', "
                f"got {self.function!r}"
            )
        for name, value in self.arguments.items():
            if not _is_json(value):
                raise DefinitionError(
                    f"{self.owner} cannot keep {name}={value!r} for {self.name}: expected lists, dicts, texts, numbers and None"
                )

    @property
    def name(self) -> str:
        """Where another process finds the function, such as `nets:Net`. Not stored, because the name of a script's module may change."""
        if isinstance(self.function, str):
            return self.function
        return f"{self.function.__module__}:{self.function.__qualname__}"

    @property
    def module(self) -> str:
        """The name of the module that defines the function."""
        return self.name.partition(":")[0] if ":" in self.name else self.name.rpartition(".")[0]

    def __str__(self) -> str:
        return f"{self.name.replace(':', '.')}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"

    def __call__(self) -> M:
        """A new model, made by the function from a copy of the arguments. Exceptions of the function are not caught."""
        function: Callable[..., M] = resolve_name(self.function) if isinstance(self.function, str) else self.function
        return function(**json.loads(json.dumps(self.arguments)))


def part_faults(has: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """A phrase for each difference between the parts of a model (`has`) and those of the model that its build makes (`wanted`).

    Both map the name of a part, empty for the model itself, to how the part is printed. This also finds differences in parts without a
    state, such as activations, which comparing the states would miss.
    """
    yield from (f"it has no {name!r}" for name in wanted if name not in has)
    yield from (f"it has {name!r}, a {part}" for name, part in has.items() if name not in wanted)
    for name, part in has.items():
        if wanted.get(name, part) != part:
            yield f"{repr(name) if name else 'it'} is {part} and not {wanted[name]}"


def _is_json(value: object) -> bool:
    """Whether a value is the same after a round trip through JSON. A tuple or NaN is not."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False
