"""Models without a service class: the service that the plugin of their framework provides."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from ..artifact import Artifact, Packed, type_name
from ..errors import ArtifactError, DefinitionError
from ..registry import Registry, installed
from ..service import Service, described
from ..tag import Tag


def service_to_save(service: Service | object, name: str | None) -> Service:
    """The service to save: the given one, or a new one around a bare model."""
    if isinstance(service, type) and issubclass(service, Service):
        raise DefinitionError(f"expected a service to save, got {described(service)}")
    if not isinstance(service, Service):
        return service_of(service, name)
    if name is not None:
        kind = type(service).__name__
        raise DefinitionError(f"{kind} has a name of its own, {service.name!r}: set {kind}.name instead")
    return service


def service_of(model: object, name: str | None) -> Service:
    """A service around a bare or a `Packed` model, to be saved under `name`; an ArtifactError if no format claims it, or several do."""
    bare = model.model if isinstance(model, Packed) else model
    if name is None:
        raise DefinitionError(f"a {type_name(bare)} without a service class needs a name: bento.save(model, 'NAME')")
    Tag(name)
    kind = _service_class(bare, installed())
    service = kind(**dict.fromkeys(kind.artifacts, model))
    vars(service)["name"] = name
    return service


def _service_class(model: object, registry: Registry) -> type[Service]:
    claims = {name: kind for name in registry.artifacts if (kind := _claim(registry.artifacts[name], model)) is not None}
    if not claims and isinstance(model, type):
        raise ArtifactError(f"got the class {model.__name__} itself: pass a fitted instance of it")
    if not claims:
        raise ArtifactError(f"no installed plugin provides a service for a {type_name(model)}: {_way_out(model, registry)}")
    own = [name for name in claims if registry.artifacts[name].framework == _framework(model)]
    if len(own) == 1:
        return claims[own[0]]
    if len(claims) > 1:
        owners = " and ".join(f"{name!r} of {registry.owner(registry.artifacts[name])}" for name in claims)
        raise ArtifactError(f"{owners} both keep a {type_name(model)}: say which, in a bento.Service with a slot for it")
    return next(iter(claims.values()))


def _way_out(model: object, registry: Registry) -> str:
    """What to do with a model for which no plugin provides a service; the plugin of its framework may still have formats for it."""
    frameworks = _frameworks(model)
    kinds = list(registry.artifacts.values())
    own = [kind for kind in kinds if kind.framework in frameworks]
    if may := _keeping(own, model) or [kind.__name__ for kind in own if _needs_arguments(kind)]:
        return _slot_of(may)
    # Frameworks first: a format for any contents has advice for all files, a framework's format only for its own.
    advices = (kind().advice(model) for kind in sorted(kinds, key=lambda kind: not kind.framework) if not _needs_arguments(kind))
    if advice := next(filter(None, advices), None):
        return advice
    others = _keeping([kind for kind in kinds if kind.framework or not kind.runs_code], model)
    return _slot_of(others) if others else _advice(frameworks)


def _keeping(kinds: Iterable[type[Artifact[Any]]], model: object) -> list[str]:
    """The formats without required arguments that accept a model."""
    return [kind.__name__ for kind in kinds if not _needs_arguments(kind) and kind().accepts(model)]


def _slot_of(names: Iterable[str]) -> str:
    return f"write a bento.Service with a slot for it, of {' or '.join(sorted(names))}"


def _advice(frameworks: Iterable[str]) -> str:
    """What to do with a model that no plugin knows."""
    from importlib.metadata import packages_distributions

    packages = packages_distributions()
    named = next((f"for {name}" for name in frameworks if name in packages), "of its framework")
    return f"install the plugin {named}, or write a bento.Service with a slot for it"


def _frameworks(model: object) -> list[str]:
    """The packages that a model's class and its bases are from, its own first."""
    return list(dict.fromkeys(base.__module__.partition(".")[0] for base in type(model).__mro__[:-1]))


def _framework(model: object) -> str:
    """The package that a model's class is from: a booster's estimator is also a scikit-learn estimator, but belongs to the booster."""
    return type(model).__module__.partition(".")[0]


def _claim(kind: type[Artifact[Any]], model: object) -> type[Service] | None:
    """The service that a format provides for a model that it accepts.

    A format that runs code when it is loaded is never chosen automatically, nor is one that needs arguments, which only a service class
    gives.
    """
    if kind.runs_code or _needs_arguments(kind):
        return None
    artifact = kind()
    return artifact.default_service() if artifact.accepts(model) else None


def _needs_arguments(kind: type[Artifact[Any]]) -> bool:
    """Whether a format's constructor has required arguments."""
    parameters = inspect.signature(kind).parameters.values()
    return any(each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters)
