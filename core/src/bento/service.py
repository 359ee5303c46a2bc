"""Services: the class a user writes, with its model slots and apis."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Never

from .adapter import Adapter
from .api import Api, declared
from .artifact import JSON, Artifact, Packed, type_name
from .env import Env
from .errors import ArtifactError, DefinitionError, TagError
from .tag import Tag, name_of_class

_WHY = "one of ASCII letters that does not begin with '_' and that bento.Service does not use itself"


class Service:
    """The base of services: artifacts are its slots, methods marked with `bento.api` its apis, and `Iris(model=fitted)` packs a model.

    `name` is the bundle's name; by default it is made from the class's name, so `IrisClassifier` becomes `iris-classifier`. Calling an api
    needs no server: `service.predict(rows)`.
    """

    name: ClassVar[str] = "service"
    env: ClassVar[Env] = Env()
    artifacts: ClassVar[Mapping[str, Artifact[Any]]] = MappingProxyType({})
    """The slots by name, in the order they are declared."""
    apis: ClassVar[Mapping[str, Api]] = MappingProxyType({})
    """The apis by name, in the order they are declared."""
    _defined: ClassVar[int] = 0

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls._defined = time.time_ns()
        if "name" not in cls.__dict__:
            cls.name = name_of_class(cls.__name__)
        _check_name(cls)
        members = _members(cls)
        cls.artifacts = MappingProxyType({name: value for name, value in members.items() if isinstance(value, Artifact)})
        cls.apis = MappingProxyType({name: api for name, value in members.items() if (api := declared(value))})
        _check_members(cls)

    def __init__(self, /, *unnamed: Never, **models: object) -> None:
        """Pack one model, or `Packed(model, metadata=...)`, into each slot; a missing, unknown or wrong-typed one is an ArtifactError."""
        self._metadata: dict[str, Mapping[str, JSON]] = {}
        if unnamed:
            raise ArtifactError(f"{type(self).__name__} takes each model by the name of its slot: write {_call_of(type(self))}")
        _check_names(type(self), models)
        for slot, artifact in self.artifacts.items():
            given = models[slot]
            packed = given if isinstance(given, Packed) else Packed(given)
            _check_model(type(self), slot, artifact, packed.model)
            self.__dict__[slot] = packed.model
            self._metadata[slot] = packed.metadata

    def metadata(self, slot: str) -> Mapping[str, JSON]:
        """The metadata that was packed together with the model of `slot`."""
        return self._metadata[slot]

    def narrow(self, api: str, *, input: Adapter[Any] | None = None, output: Adapter[Any] | None = None) -> None:
        """Give an api of this service, but not of its class, adapters that depend on its models, such as the number of features per row.

        Call it in `__init__`, after the models are packed. A plugin's service class needs it, because it is written before any model is
        known.
        """
        known = self.apis[api]
        narrowed = replace(known, input=input or known.input, output=output or known.output)
        vars(self)["apis"] = MappingProxyType({**self.apis, api: narrowed})

    def setup(self) -> None:
        """Called once in every process that serves, before it is ready: warm up or open connections here. An exception ends the server."""

    def close(self) -> None:
        """Called once in every process that serves, after its last answer."""


def defined(cls: type[Service]) -> int:
    """When the class statement was run, in nanoseconds since 1970, like the times of files."""
    return cls._defined


def described(value: object) -> str:
    """What was passed instead of a service or a bundle, and what to pass: a part of an error message."""
    if isinstance(value, type) and issubclass(value, Service):
        return f"the class {value.__name__}: make a service of it, as in {_call_of(value)}"
    if isinstance(value, Service):
        return f"a service that is not saved, {type(value).__name__}: bento.save(...) returns its bundle"
    return f"a {type_name(value)}"


def check_loadable(service: Service) -> None:
    """Refuse a service that cannot be built from its models by the names of their slots, because loading its bundle does that."""
    cls = type(service)
    empty = next((slot for slot in cls.artifacts if slot not in vars(service)), None)
    if empty is not None:
        raise DefinitionError(f"{cls.__name__}.{empty} holds no model: call super().__init__(**models) in {cls.__name__}.__init__")
    try:
        inspect.signature(cls).bind(**dict.fromkeys(cls.artifacts))
    except TypeError as error:
        raise DefinitionError(
            f"{cls.__name__}.__init__ cannot be called as {_call_of(cls)}, which loading the bundle does: {error}: "
            "let it take the models by the names of their slots and nothing else"
        ) from error


def _call_of(cls: type[Service]) -> str:
    return f"{cls.__name__}({', '.join(f'{slot}=...' for slot in cls.artifacts)})"


def _members(cls: type) -> dict[str, object]:
    """The attributes of a class and its bases, bases first; a redefined one has the subclass's value."""
    members: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        members.update(vars(base))
    return members


def _check_name(cls: type[Service]) -> None:
    try:
        Tag(cls.name)
    except TagError as error:
        raise DefinitionError(f"{cls.__name__} needs another name, as in name = 'iris': {error}") from error


def _check_members(cls: type[Service]) -> None:
    for name in (*cls.artifacts, *cls.apis):
        kind = "a slot" if name in cls.artifacts else "an api"
        if name.startswith("_") or hasattr(Service, name) or not name.isascii():
            raise DefinitionError(f"{cls.__name__}.{name} cannot be {kind}: choose another name, {_WHY}")
    for slot, artifact in cls.artifacts.items():
        if artifact.slot != slot:
            raise DefinitionError(
                f"{cls.__name__}.{slot} is the same artifact object as {artifact.slot!r}: give each slot an artifact of its own"
            )
        _check_made(f"{cls.__name__}.{slot}", artifact)
    if not isinstance(cls.env, Env):
        raise DefinitionError(f"expected an Env as {cls.__name__}.env, such as bento.Env(python=['scikit-learn']), got {cls.env!r}")
    for api in cls.apis.values():
        _check_adapter(f"input= of {cls.__name__}.{api.name}", api.input)
        _check_adapter(f"output= of {cls.__name__}.{api.name}", api.output)
    for name, value in vars(cls).items():
        clash = _clash(cls, name, value)
        if clash:
            raise DefinitionError(f"{cls.__name__}.{name} is both {clash}: choose another name for one of them")


def _check_adapter(place: str, adapter: object) -> None:
    if isinstance(adapter, Adapter):
        _check_made(place, adapter)
    elif adapter is not None:
        raise DefinitionError(f"expected an adapter as {place}, such as JsonAdapter(), got {adapter!r}")


def _check_made(place: str, made: Artifact[Any] | Adapter[Any]) -> None:
    """Refuse an artifact or adapter whose constructor does not call its base's, so that `options` misses an attribute."""
    try:
        made.options()
    except AttributeError as error:
        if error.obj is not made:
            raise
        kind = type(made).__name__
        raise DefinitionError(f"{place} is a {kind} without {error.name!r}: call super().__init__(...) in {kind}.__init__") from error


def _clash(cls: type[Service], name: str, value: object) -> str | None:
    inherited = [vars(base)[name] for base in cls.__mro__[1:] if name in vars(base)]
    if declared(value) and any(isinstance(other, Artifact) for other in inherited):
        return "an api here and a slot of a base class"
    if isinstance(value, Artifact) and any(declared(other) for other in inherited):
        return "a slot here and an api of a base class"
    return None


def _check_names(cls: type[Service], models: Mapping[str, object]) -> None:
    slots = ", ".join(cls.artifacts) or "none"
    for name in models:
        if name not in cls.artifacts:
            raise ArtifactError(f"{cls.__name__} has no slot {name!r}: {_meant(cls, name) or f'its slots are {slots}'}")
    for slot in cls.artifacts:
        if slot not in models:
            raise ArtifactError(f"{cls.__name__}.{slot} holds no model: pass one as {cls.__name__}({slot}=...), or load a saved bundle")


def _meant(cls: type[Service], name: str) -> str:
    """What to write if an artifact's class stands in the place of an artifact; otherwise empty."""
    kind = getattr(cls, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Artifact)):
        return ""
    return f"it is the class {kind.__name__} itself, write {name} = {kind.__name__}()"


def _check_model(cls: type[Service], slot: str, artifact: Artifact[Any], model: object) -> None:
    if isinstance(model, type) and not artifact.accepts(model):
        raise ArtifactError(f"{cls.__name__}.{slot} got the class {model.__name__} itself: pass a fitted instance of it")
    if not artifact.accepts(model):
        advice = artifact.advice(model)
        fault = f"{cls.__name__}.{slot} is a {type(artifact).__name__}, which does not keep {_shown(model)}"
        raise ArtifactError(f"{fault}: {advice}" if advice else fault)


def _shown(model: object) -> str:
    """What was passed: its type and, because a name may be misspelt, the path itself."""
    if isinstance(model, str | os.PathLike):
        return f"the {type_name(model)} {os.fspath(model)!r:.80}"
    return f"a {type_name(model)}"
