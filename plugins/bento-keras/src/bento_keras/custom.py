"""Custom objects: classes and functions of the service's code that a model is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from bento import DefinitionError

if TYPE_CHECKING:
    from bento.artifact import JSON

Custom = type | Callable[..., Any] | str

_PATH = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
_EXPECTED = "expected KerasArtifact(custom_objects=[...]) with classes, functions or their names as in 'nets:Scale'"


@dataclass(frozen=True, slots=True)
class CustomObjects:
    """Each object, or its dotted name, by the name that a model file uses for it."""

    given: Mapping[str, Custom]

    @classmethod
    def of(cls, given: Mapping[str, Custom] | Sequence[Custom]) -> CustomObjects:
        """Custom objects from a list of them, or from a mapping as for Keras. Anything else is a DefinitionError."""
        if isinstance(given, str) or not isinstance(given, Mapping | Sequence):
            raise DefinitionError(f"{_EXPECTED}, got {given!r}")
        items = list(given.values()) if isinstance(given, Mapping) else list(given)
        for item in items:
            if not (_PATH.fullmatch(item) if isinstance(item, str) else hasattr(item, "__qualname__")):
                raise DefinitionError(f"{_EXPECTED}, got {item!r}")
        return cls(dict(given) if isinstance(given, Mapping) else {_short(item): item for item in items})

    def options(self) -> dict[str, JSON]:
        """The options for the manifest. The names are computed on each call, because the name of a script's module may change."""
        return {"custom_objects": {name: _path(item) for name, item in self.given.items()}} if self.given else {}

    def modules(self) -> list[str]:
        """The modules that define the objects."""
        return sorted({_path(item).partition(":")[0] for item in self.given.values()})

    def found(self) -> dict[str, Any]:
        """The objects by each name that Keras may use for them."""
        import keras

        found: dict[str, Any] = {}
        for name, item in self.given.items():
            value = resolve_name(item) if isinstance(item, str) else item
            found.update(dict.fromkeys((name, keras.saving.get_registered_name(value), _path(item).replace(":", ".")), value))
        return found


def _path(item: Custom) -> str:
    return item if isinstance(item, str) else f"{item.__module__}:{item.__qualname__}"


def _short(item: Custom) -> str:
    return re.split("[.:]", _path(item))[-1]
