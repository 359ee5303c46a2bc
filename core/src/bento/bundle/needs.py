"""What a bundle needs from the plugins that are installed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import PluginError
from ..registry import Plugin, Registry, installed

if TYPE_CHECKING:
    from .model import Bundle


def check_plugins(bundle: Bundle) -> None:
    """Refuse a bundle if no plugin here provides one of its formats or adapters; the PluginError says what to install."""
    registry = installed()
    for kind, name, distribution, version in needs(bundle):
        if provider(registry, kind, name) is None:
            raise PluginError(
                f"bundle {bundle.tag} needs {kind} {name!r} of {distribution} {version}: {_way_out(registry, distribution, version)}"
            )


def needs(bundle: Bundle) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, distribution and version of everything that a plugin has to provide."""
    for artifact in bundle.manifest.artifacts:
        if artifact.distribution is not None and artifact.version is not None:
            yield "artifact", artifact.format, artifact.distribution, artifact.version
    for api in bundle.manifest.apis:
        for adapter in filter(None, (api.input, api.output)):
            if adapter.distribution is not None and adapter.version is not None:
                yield "adapter", adapter.adapter, adapter.distribution, adapter.version


def provider(registry: Registry, kind: str, name: str) -> Plugin | None:
    """The installed plugin that provides the artifact or adapter of this name."""
    brought = registry.artifacts.get(name) if kind == "artifact" else registry.adapters.get(name)
    return registry.owner(brought) if brought is not None else None


def other_versions(bundle: Bundle, *names: str) -> str:
    """The plugins installed in another version than the bundle was saved with, as text; with `names`, only those that provide one of them.

    It is the end of an error message that this may explain, and empty if all versions are the same.
    """
    registry, found = installed(), dict[str, None]()
    for kind, name, distribution, version in needs(bundle):
        here = provider(registry, kind, name) if name in names or not names else None
        if here is not None and (here.distribution, here.version) != (distribution, version):
            found[f"\n  saved with {distribution} {version}, {here} is here: pip install '{distribution}=={version}'"] = None
    return "".join(found)


def _way_out(registry: Registry, distribution: str, version: str) -> str:
    if distribution in registry.left_out:
        return "it is installed, but BENTO_DISABLE_PLUGINS leaves it out"
    return f"pip install '{distribution}{_compatible(version)}'{_failure(registry, distribution)}"


def _compatible(version: str) -> str:
    """A specifier for the releases compatible with a version, or for exactly that version if compatibility cannot be told from it."""
    from packaging.version import InvalidVersion, Version

    try:
        parsed = Version(version)
    except InvalidVersion:
        return f"==={version}"
    return f"{'~=' if len(parsed.release) > 1 else '=='}{parsed.public}"


def _failure(registry: Registry, distribution: str) -> str:
    failed = [plugin for plugin in registry.plugins if plugin.error and plugin.distribution == distribution]
    return "".join(f"\n  {plugin} failed to load: {plugin.error}" for plugin in failed)
