"""Plans: everything about a bundle that is decided, and can be refused, before its first byte is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..docstring import docstring
from ..errors import BundleError, TagError
from ..registry import Registry, installed
from ..service import check_loadable
from ..tag import Tag
from .describe import describe_api, describe_artifact, describe_doc, describe_env
from .manifest.checks import FieldError
from .manifest.fields import label_name, label_value
from .manifest.paths import SOURCE
from .requirements.asks import Ask, ask, env_asks, pin
from .requirements.closure import local_asks
from .requirements.conda import check_agrees, conda_of
from .source.history import describe_code
from .source.home import MAIN
from .source.project import Source, collect, project_file

if TYPE_CHECKING:
    from ..env.conda import Conda
    from ..service import Service
    from .installed.environment import Environment, Installed
    from .manifest.entries import ApiEntry, ArtifactEntry, CodeEntry, EnvEntry
    from .source.home import Home


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bundle will hold besides its models: `files` to copy, by their paths in it, `wheels` to build, and the manifest's contents."""

    name: str
    version: str | None
    labels: Mapping[str, str]
    created: datetime
    service: str
    doc: str
    apis: tuple[ApiEntry, ...]
    artifacts: tuple[ArtifactEntry, ...]
    env: EnvEntry
    conda: Conda | None
    code: CodeEntry | None
    requirements: tuple[str, ...]
    files: Mapping[str, Path]
    wheels: tuple[Installed, ...]


def make_plan(service: Service, home: Home, environment: Environment, version: str | None, labels: Mapping[str, str] | None) -> Plan:
    """Decide what a service's bundle holds; any fault in its definition, its imports or its requirements is found here."""
    _check_names(service.name, version, labels or {})
    check_loadable(service)
    registry, source = installed(), collect(home, environment, _named(service))
    setup = _setup(service, home)
    conda, for_pip = conda_of(service.env, home)
    asks = [*_asks(service, home, source, registry), *for_pip]
    local = local_asks(asks, environment)
    files = {**source.files, **setup}
    requirements = tuple(pin([*asks, *local], environment))
    check_agrees(conda, requirements)
    return Plan(
        name=service.name,
        version=version,
        labels=labels or {},
        created=_now(),
        service=home.reference,
        doc=describe_doc(docstring(type(service))),
        apis=tuple(describe_api(api, registry) for api in service.apis.values()),
        artifacts=tuple(describe_artifact(service, slot, registry) for slot in service.artifacts),
        env=describe_env(service.env, next(iter(setup), None), conda),
        conda=conda,
        code=describe_code(home, files.values()),
        requirements=requirements,
        files=files,
        wheels=tuple(environment.distributions[name] for name in sorted({each.name for each in local})),
    )


def _check_names(name: str, version: str | None, labels: Mapping[str, str]) -> None:
    if not isinstance(labels, Mapping):
        raise BundleError(f"expected labels as {{'stage': 'live'}}, got {labels!r}")
    if version is not None and Tag(name, version).is_latest:
        raise TagError(f"{version!r} always stands for the newest version: save under another one, or none")
    try:
        for key, value in labels.items():
            label_name(key)
            label_value(value)
    except FieldError as error:
        raise BundleError(f"{labels!r} cannot be labels: expected {error.expected}, got {error.got!r}") from error


def _setup(service: Service, home: Home) -> dict[str, Path]:
    """The script of `Env(setup=...)` by its path in the bundle, if there is one."""
    if service.env.setup is None:
        return {}
    file = project_file(home, "setup", service.env.setup)
    return {f"{SOURCE}/{file.relative_to(home.root).as_posix()}": file}


def _asks(service: Service, home: Home, source: Source, registry: Registry) -> Iterator[Ask]:
    """All requirements, with who asks for each."""
    yield ask("bento-core", "bento")
    for name, by in source.imports.items():
        yield ask(name, by)
    for slot, artifact in service.artifacts.items():
        for text in artifact.requirements_of(vars(service)[slot]):
            yield ask(text, type(artifact).__name__)
    for brought in _brought(service, registry):
        owner = registry.owner(type(brought))
        if owner is not None:
            yield ask(owner.distribution, type(brought).__name__)
    yield from env_asks(service.env, home)


def _named(service: Service) -> dict[str, str]:
    """The modules that loading the models imports, each with the first slot that needs it."""
    named = dict[str, str]()
    for slot, artifact in service.artifacts.items():
        for module in artifact.modules_of(vars(service)[slot]):
            if module != MAIN:  # a notebook, or a script other than the service's: the format refuses it when the model is saved
                named.setdefault(module, f"{type(service).__name__}.{slot}")
    return named


def _brought(service: Service, registry: Registry) -> Iterator[object]:
    """The artifacts and adapters of a service."""
    yield from service.artifacts.values()
    for api in service.apis.values():
        yield from filter(None, registry.adapters_of(api))


def _now() -> datetime:
    """The time of the save, which SOURCE_DATE_EPOCH sets: https://reproducible-builds.org/specs/source-date-epoch/."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BundleError(f"expected SOURCE_DATE_EPOCH in seconds since 1970, got {epoch!r}") from error
