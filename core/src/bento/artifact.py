"""Artifacts: a model slot on a service class, and the file format its model is kept in.

A new format is one class::

    class ThingArtifact(Artifact["Thing"]):
        name = "thing"
        framework = "things"

        def save(self, model, folder): model.write(folder / "model.thing")
        def load(self, folder): import things; return things.read(folder / "model.thing")
        def accepts(self, model): return instance_of(model, "things", "Thing")
        def requirements(self): return ["things"]

and a hook that returns it (`bento.hookspecs`). `bento.testing.ArtifactTests` then tests everything that a format must do.
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
    """A model with metadata that its bundle keeps: `Iris(model=Packed(fitted, metadata={"auc": 0.93}))`."""

    model: M
    metadata: Mapping[str, JSON] = field(default_factory=dict)


class Artifact(ABC, Generic[M]):
    """One model slot. As an attribute of the class, it is the artifact; of a service, the model itself, typed `M`.

    It is a non-data descriptor: a packed model in the service's `__dict__` shadows it. So reading `self.model` is a plain attribute
    look-up, and `__get__` is called only if the model is missing.
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
        # Checked before any constructor, even one that a decorator adds: a model, or the path of one, is often passed by mistake.
        if wrong := misfit(cls, args, kwargs, _described):
            raise DefinitionError(f"{wrong}{f': {_WHERE}' if args or 'model' in kwargs else ''}")
        return super().__new__(cls)

    def __init__(self) -> None:
        """Takes nothing: a format with options defines its own constructor."""

    @abstractmethod
    def save(self, model: M, folder: Path) -> None:
        """Write `model` into `folder`, which exists, is empty and is this slot's own.

        Raises ArtifactError for a model that it cannot keep.
        """

    @abstractmethod
    def load(self, folder: Path) -> M:
        """Read back what `save` wrote.

        The files are verified already; raises ArtifactError if they make no sense all the same.
        """

    @abstractmethod
    def accepts(self, model: object) -> bool:
        """Whether this format can keep `model`. Never imports the framework: see `instance_of`."""

    def advice(self, model: object) -> str:
        """What to do with a `model` that this format does not accept, such as the path of a model's file: the end of the error message.

        Empty if the model's type, which the error names, says enough. Never imports the framework either.
        """
        return ""

    def requirements(self) -> list[str]:
        """The names of the distributions that loading needs; bento pins them to what is installed."""
        return []

    def requirements_of(self, model: M) -> list[str]:
        """The requirements of a bundle that keeps `model`: by default those of the format. Override it if they depend on the model."""
        return self.requirements()

    def modules_of(self, model: M) -> list[str]:
        """The names of the modules that loading this `model` imports, as a pickle imports the modules of its classes.

        The bundle includes those of the service's project, with what they import, and requires the distributions of the others.
        """
        return []

    def options(self) -> dict[str, JSON]:
        """The constructor's arguments, as JSON, that the manifest must keep."""
        return {}

    def default_service(self) -> type[Service] | None:
        """A service class with one slot, `model`, for users who write none of their own; None if there is none.

        Import the class inside this method: its module imports the format's module, for the slot.
        """
        return None

    def around(self) -> AbstractContextManager[object]:
        """A context manager within which an api is called, such as an inference mode of the format's framework.

        It is entered and left for each call, in the thread that the api runs in. It is not used for an api that is `async` or yields,
        because other calls run in the same thread in between.
        """
        return nullcontext()

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error that an api raised means that the model cannot answer in this process any more, as when a GPU's context is gone.

        It is called on the event loop, so it must return at once. A process whose model is lost ends with an error, so that another one can
        take its place: with several workers, a new one does.
        """
        return False

    def __set_name__(self, owner: type, name: str) -> None:
        # Service checks the name, because before Python 3.12 an error in this method is hidden in a RuntimeError.
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


_WHERE: Final = "a slot is declared without its model: pass the model to the service, as in Iris(model=...)"


def _described(value: object) -> str:
    """A value as an error shows it: a model is shown by its type."""
    return repr(value) if isinstance(value, str | bool | int | float | PathLike | None) else type_name(value)


def instance_of(model: object, module: str, *names: str) -> bool:
    """Whether `model` is an instance of one of the classes `names` of `module`, without importing it.

    A model cannot exist before its framework is imported, so it is enough to look at modules that are loaded already.
    """
    loaded = sys.modules.get(module)
    # A loop instead of `any`, because a server calls this for each value that it writes.
    for name in names:
        kind = getattr(loaded, name, None)
        if kind is not None and isinstance(model, kind):
            return True
    return False


def type_name(model: object) -> str:
    """A model's type as an error names it: `sklearn.svm.SVC`, or `int` for a built-in."""
    kind = type(model)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
