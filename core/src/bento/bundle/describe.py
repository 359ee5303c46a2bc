"""Describing a service: the manifest's entries for its apis, its artifacts and its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..artifact import type_name
from ..errors import ArtifactError
from ..plain import CONTROL
from .manifest.checks import FieldError
from .manifest.entries import AdapterEntry, ApiEntry, ArtifactEntry, BatchEntry, CondaEntry, EnvEntry

if TYPE_CHECKING:
    from ..adapter import Adapter
    from ..api import Api
    from ..env import Env
    from ..env.conda import Conda
    from ..registry import Registry
    from ..service import Service

_LONGEST_DOC: Final = 65536


def describe_doc(doc: str) -> str:
    """A docstring as a manifest holds it: without control characters other than newlines, and cut to 65536 characters."""
    return CONTROL.sub(lambda found: found[0] if found[0] == "\n" else "", doc)[:_LONGEST_DOC]


def describe_api(api: Api, registry: Registry) -> ApiEntry:
    """The entry of an api, with its own adapters or those that its type hints select."""
    reader, writer = registry.adapters_of(api)
    return ApiEntry(
        name=api.name,
        path=api.path,
        doc=describe_doc(api.doc),
        batch=None if api.batch is None else BatchEntry(size=api.batch.size, wait=api.batch.wait),
        timeout=api.timeout,
        input=_describe_adapter(reader, registry),
        output=None if writer is None else _describe_adapter(writer, registry),
    )


def _describe_adapter(adapter: Adapter[Any], registry: Registry) -> AdapterEntry:
    owner = registry.owner(type(adapter))
    return AdapterEntry(
        adapter=adapter.name,
        options=adapter.options(),
        media_types=adapter.media_types,
        schema=adapter.schema(),
        distribution=owner.distribution if owner else None,
        version=owner.version if owner else None,
    )


def describe_artifact(service: Service, slot: str, registry: Registry) -> ArtifactEntry:
    """The entry of a slot, with its model's type; metadata that is not JSON is an ArtifactError."""
    artifact = service.artifacts[slot]
    owner = registry.owner(type(artifact))
    try:
        return ArtifactEntry(
            slot=slot,
            format=artifact.name,
            options=artifact.options(),
            distribution=owner.distribution if owner else None,
            version=owner.version if owner else None,
            runs_code=artifact.runs_code,
            type=type_name(vars(service)[slot]),
            metadata=service.metadata(slot),
        )
    except FieldError as error:
        raise ArtifactError(f"{type(service).__name__}.{slot} cannot be described in a manifest: {error}") from error


def describe_env(env: Env, setup: str | None, conda: Conda | None) -> EnvEntry:
    """The entry of an Env, without its requirements; `setup` is the script's path in the bundle."""
    return EnvEntry(
        apt=tuple(env.apt),
        base_image=env.base_image,
        conda=None if conda is None else CondaEntry(channels=conda.channels, dependencies=conda.dependencies),
        python_version=env.python_version,
        setup=setup,
    )
