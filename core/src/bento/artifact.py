"""Artifacts: a model slot on a service class, and the file format its model is kept in.

A new format is one class::

    class ThingArtifact(Artifact["Thing"]):
        name = "thing"
        framework = "things"

        def save(self, model, folder): model.write(folder / "model.thing")
        def load(self, folder): import things; return things.read(folder / "model.thing")
        def accepts(self, model): return instance_of(model, "things", "Thing")
        def requirements(self): return ["things"]

and a hook that returns it (`bento.hookspecs`). `bento.testing.ArtifactTests` then tests everything it owes its users.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, TypeVar, overload

from .constructor import Parameters, misfit
from .errors import ArtifactError, DefinitionError

if TYPE_CHECKING:
    from pathlib import Path

    from .service import Service

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Packed(Generic[M]):
    """A model with something to remember about it: `Iris(model=Packed(fitted, metadata={"auc": 0.93}))`."""

    model: M
    metadata: Mapping[str, JSON] = field(default_factory=dict)


class Artifact(ABC, Generic[M]):
    """One model slot. On the class it is the artifact; on a service it is the model itself, typed `M`.

    It is a non-data descriptor: a packed model lies in the service's `__dict__` and shadows it, so reading
    `self.model` costs a plain attribute look-up, and `__get__` is reached only when the model is missing.
    """

    name: ClassVar[str]
    """The format's name in the manifest, unique over all plugins."""
    framework: ClassVar[str | None] = None
    """The import name of the framework that loads the model, if there is one."""
    runs_code: ClassVar[bool] = False
    """True when loading the files can execute what is in them, as a pickle does."""

    slot: str | None = None
    __signature__ = Parameters()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # Before any constructor, also one that a decorator adds to the class: it is often given the model, or the file of one.
        if wrong := misfit(cls, args, kwargs, _described):
            raise DefinitionError(f"{wrong}{f': {_WHERE}' if args or 'model' in kwargs else ''}")
        return super().__new__(cls)

    def __init__(self) -> None:
        """A format with options has a constructor of its own."""

    @abstractmethod
    def save(self, model: M, folder: Path) -> None:
        """Write `model` into `folder`, which exists, is empty and is this slot's own. A model that cannot be kept is an ArtifactError."""

    @abstractmethod
    def load(self, folder: Path) -> M:
        """Read back what `save` wrote. The files are verified already; one that makes no sense all the same is an ArtifactError."""

    @abstractmethod
    def accepts(self, model: object) -> bool:
        """Whether this format can keep `model`. Never imports the framework: see `instance_of`."""

    def advice(self, model: object) -> str:
        """What to do with a `model` that this format does not accept, such as the name of a file of one, as the end of the error.

        Empty where the model's type, which the error names, says enough. Never imports the framework either.
        """
        return ""

    def requirements(self) -> list[str]:
        """The names of the distributions that loading needs; bento pins them to what is installed."""
        return []

    def requirements_of(self, model: M) -> list[str]:
        """What a bundle that keeps `model` requires, as requirements: those of the format, unless a model brings some of its own."""
        return self.requirements()

    def modules_of(self, model: M) -> list[str]:
        """The modules that loading `model` imports because of what it is made of, as a pickle finds its classes by their modules' names.

        Those of the service's project go along in the bundle, with what they import, and the distributions of others are required.
        """
        return []

    def options(self) -> dict[str, JSON]:
        """The constructor's arguments that the manifest must remember."""
        return {}

    def default_service(self) -> type[Service] | None:
        """A service class with one slot, `model`, for users who bring none of their own.

        It is imported in here, and not beside the format: its module imports that one, for the slot.
        """
        return None

    def around(self) -> AbstractContextManager[object]:
        """What an api is called within, such as an inference mode of the format's framework.

        It is entered and left in the thread that the api runs in, for each call anew. An api that is `async` or yields is called without:
        other calls have turns in its thread.
        """
        return nullcontext()

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error that an api raised means that the model cannot answer in this process any more, as when a GPU's context is gone.

        It is asked on the event loop, and so answers at once. A server whose model is lost ends with an error, so that another process
        takes its place: with many workers that is the next one.
        """
        return False

    def __set_name__(self, owner: type, name: str) -> None:
        # Not checked here: before Python 3.12 an error in this method is hidden in a RuntimeError. Service does it.
        self.slot = self.slot or name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> M: ...
    def __get__(self, instance: object | None, owner: type) -> Self | M:
        if instance is None:
            return self
        raise ArtifactError(
            f"{owner.__name__}.{self.slot} holds no model: pass one as {owner.__name__}({self.slot}=...), or load a saved bundle"
        )

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self.options().items())
        return f"{type(self).__name__}({options})"


_WHERE: Final = "a slot is declared without its model, which goes to the service when it is loaded, as in Iris(model=...)"


def _described(value: object) -> str:
    """A value as an error shows it: of a model, its type."""
    return repr(value) if isinstance(value, str | bool | int | float | PathLike | None) else type_name(value)


def instance_of(model: object, module: str, *names: str) -> bool:
    """Whether `model` is an instance of one of the classes `names` of `module`, without importing it.

    A model whose framework nobody has imported yet cannot exist, so only modules that are loaded already are asked.
    """
    loaded = sys.modules.get(module)
    # A loop, for a server asks this of each value that it writes.
    for name in names:
        kind = getattr(loaded, name, None)
        if kind is not None and isinstance(model, kind):
            return True
    return False


def type_name(model: object) -> str:
    """A model's type as an error names it: `sklearn.svm.SVC`, or `int` for a built-in."""
    kind = type(model)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
