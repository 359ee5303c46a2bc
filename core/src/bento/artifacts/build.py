"""What makes a model again, where a file keeps only its state."""

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
    """A class or function of the service's code, or its name as in `nets:Net`, and its arguments by keyword, which are JSON.

    Called, it makes a model. `owner` is the artifact that was given it and `what` what it makes, as errors name them.
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
        """Where another process finds the function. A class says where it is from when it is asked, as a script's name changes."""
        if isinstance(self.function, str):
            return self.function
        return f"{self.function.__module__}:{self.function.__qualname__}"

    @property
    def module(self) -> str:
        """Where the function is defined."""
        return self.name.partition(":")[0] if ":" in self.name else self.name.rpartition(".")[0]

    def __str__(self) -> str:
        return f"{self.name.replace(':', '.')}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"

    def __call__(self) -> M:
        """A model as the function makes it, from arguments that are its own; what it raises is not caught."""
        function: Callable[..., M] = resolve_name(self.function) if isinstance(self.function, str) else self.function
        return function(**json.loads(json.dumps(self.arguments)))


def part_faults(has: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    """How the parts of a model differ from those that its build makes: each part's name, empty for the model itself, and how it is printed.

    Parts without a state, such as activations, leave no trace in one.
    """
    yield from (f"it has no {name!r}" for name in wanted if name not in has)
    yield from (f"it has {name!r}, a {part}" for name, part in has.items() if name not in wanted)
    for name, part in has.items():
        if wanted.get(name, part) != part:
            yield f"{repr(name) if name else 'it'} is {part} and not {wanted[name]}"


def _is_json(value: object) -> bool:
    """Whether JSON brings a value back as it is, which a tuple or NaN is not."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False
