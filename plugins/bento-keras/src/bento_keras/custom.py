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
    """Each object, or where it is found, by the name that a model file has for it."""

    given: Mapping[str, Custom]

    @classmethod
    def of(cls, given: Mapping[str, Custom] | Sequence[Custom]) -> CustomObjects:
        """Custom objects from a list of them, or from a mapping as Keras takes it; anything else is a DefinitionError."""
        if isinstance(given, str) or not isinstance(given, Mapping | Sequence):
            raise DefinitionError(f"{_EXPECTED}, got {given!r}")
        items = list(given.values()) if isinstance(given, Mapping) else list(given)
        for item in items:
            if not (_PATH.fullmatch(item) if isinstance(item, str) else hasattr(item, "__qualname__")):
                raise DefinitionError(f"{_EXPECTED}, got {item!r}")
        return cls(dict(given) if isinstance(given, Mapping) else {_short(item): item for item in items})

    def options(self) -> dict[str, JSON]:
        """What the manifest remembers. A class says where it is from when it is asked, as a script's name changes."""
        return {"custom_objects": {name: _path(item) for name, item in self.given.items()}} if self.given else {}

    def modules(self) -> list[str]:
        """Where the objects are defined."""
        return sorted({_path(item).partition(":")[0] for item in self.given.values()})

    def found(self) -> dict[str, Any]:
        """The objects by each name that Keras may have for them."""
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
