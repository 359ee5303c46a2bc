"""What the installed plugins provide, and calling their hooks."""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from ..adapter import Adapter
from ..artifact import Artifact
from ..errors import DefinitionError, PluginError
from ..packer import Packer
from .loading import is_core, load, new_hooks
from .metadata import name_and_version
from .plugin import CORE, Plugin

if TYPE_CHECKING:
    import click
    import pluggy
    from importlib_metadata import EntryPoint
    from starlette.routing import BaseRoute

    from ..api import Api
    from ..service import Service

log = logging.getLogger(__name__)

GROUP = "bento"
"""The entry-point group that plugins are found under."""

B = TypeVar("B", Artifact[Any], Adapter[Any], Packer)
"""What a plugin can provide."""

_Claimants = tuple[tuple[Callable[[Any], Adapter[Any] | None], ...], ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """What the installed plugins provide, by name."""

    plugins: tuple[Plugin, ...] = ()
    hooks: pluggy.PluginManager = field(default_factory=new_hooks)
    left_out: frozenset[str] = frozenset()
    """The distributions of plugins that BENTO_DISABLE_PLUGINS leaves out."""
    _for_annotation: _Claimants = field(init=False, repr=False, compare=False)
    _for_value: _Claimants = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Collected once, because a server looks up the adapter for each answer of an api that declares none.
        object.__setattr__(self, "_for_annotation", _claimants(self.plugins, "for_annotation"))
        object.__setattr__(self, "_for_value", _claimants(self.plugins, "for_value"))

    @classmethod
    def discover(cls, entry_points: Iterable[EntryPoint], disabled: Iterable[str] = ()) -> Registry:
        """Load each entry point, bento's own first; a plugin that fails is kept with its error, and does not stop the others."""
        off = frozenset(disabled)
        hooks = new_hooks()
        plugins: list[Plugin] = []
        left_out: set[str] = set()
        for entry_point in sorted(entry_points, key=_load_order):
            if is_core(entry_point) or not ({entry_point.name, "*"} & off):
                plugins.append(load(entry_point, plugins, hooks))
            elif owner := _owner(entry_point):
                left_out.add(owner)
        return cls(tuple(plugins), hooks, frozenset(left_out))

    @property
    def artifacts(self) -> Mapping[str, type[Artifact[Any]]]:
        return _by_name(plugin.artifacts for plugin in self.plugins)

    @property
    def adapters(self) -> Mapping[str, type[Adapter[Any]]]:
        return _by_name(plugin.adapters for plugin in self.plugins)

    @property
    def packers(self) -> Mapping[str, type[Packer]]:
        return _by_name(plugin.packers for plugin in self.plugins)

    def artifact(self, name: str) -> type[Artifact[Any]]:
        """The artifact class of this name; an unknown name is a PluginError that lists the known names and the plugins that failed."""
        return self._find("artifact", name, self.artifacts)

    def adapter(self, name: str) -> type[Adapter[Any]]:
        """The adapter class of this name, or a PluginError as for `artifact`."""
        return self._find("adapter", name, self.adapters)

    def packer(self, name: str) -> type[Packer]:
        """The packer class of this name, or a PluginError as for `artifact`."""
        return self._find("packer", name, self.packers)

    def owner(self, brought: type) -> Plugin | None:
        """The plugin that registered this artifact, adapter or packer class; None if none did."""
        for plugin in self.plugins:
            if brought in (*plugin.artifacts, *plugin.adapters) or (issubclass(brought, Packer) and brought in plugin.packers):
                return plugin
        return None

    def adapters_of(self, api: Api) -> tuple[Adapter[Any], Adapter[Any] | None]:
        """An api's input and output adapter: as declared, or by its type hints, or else JSON for the input and None for the output.

        None means that each returned value decides for itself: `adapter_for_value`.
        """
        if api.input is not None and api.output is not None:
            return api.input, api.output
        taken, returned = api.annotations()
        reader = api.input or self.adapter_for_annotation(taken) or self.adapter("json")()
        return reader, api.output or self.adapter_for_annotation(returned)

    def adapter_for_annotation(self, annotation: object) -> Adapter[Any] | None:
        """The adapter that claims a type hint; None if there is no hint, or no adapter claims it."""
        if annotation is inspect.Parameter.empty or annotation is Any:
            return None
        return _claim(self._for_annotation, annotation, lambda hint: f"the type hint {hint!r}")

    def adapter_for_value(self, value: object) -> Adapter[Any]:
        """The adapter that claims a returned value; JSON if no adapter claims it."""
        claimed = _claim(self._for_value, value, lambda value: f"a {type(value).__name__}")
        return claimed or self.adapter("json")()

    def commands(self) -> list[click.Command]:
        """The sub-commands of plugins."""
        return self._brought("bento_register_commands")

    def routes(self, service: Service) -> list[BaseRoute]:
        """The extra routes of plugins for a service."""
        return self._brought("bento_register_routes", service=service)

    def replaced(self) -> list[str]:
        """A sentence for each plugin that was imported and has been replaced by another version since."""
        found = [(each, _installed_version(each.distribution)) for each in self.plugins]
        return [
            f"{each.distribution} {now} is installed now, and {each.version} is running"
            for each, now in found
            if now not in (None, each.version)
        ]

    def listens(self, hook: str) -> bool:
        """Whether any plugin implements a hook."""
        return bool(getattr(self.hooks.hook, hook).get_hookimpls())

    def call(self, hook: str, **arguments: object) -> None:
        """Call an event hook of every plugin; an exception is logged with the plugin's name, and the others are called all the same."""
        self._brought(hook, lambda _: (), **arguments)

    def _brought(self, hook: str, read: Callable[[Any], Iterable[Any]] = list, **arguments: object) -> list[Any]:
        brought: list[Any] = []
        for implementation in getattr(self.hooks.hook, hook).get_hookimpls():
            try:
                brought += read(implementation.function(*(arguments[name] for name in implementation.argnames)))
            except (Exception, SystemExit):
                log.exception("plugin %s failed in %s", implementation.plugin_name, hook)
        return brought

    def _find(self, kind: str, name: str, found: Mapping[str, type[B]]) -> type[B]:
        if name in found:
            return found[name]
        failed = [f"\n  {plugin} failed to load: {plugin.error}" for plugin in self.plugins if plugin.error]
        raise PluginError(f"no {kind} named {name!r}\n  installed: {', '.join(sorted(found)) or 'none'}{''.join(failed)}")


def _installed_version(distribution: str) -> str | None:
    from importlib_metadata import PackageNotFoundError
    from importlib_metadata import distribution as find

    try:
        return name_and_version(find(distribution))[1]
    except PackageNotFoundError:
        return None


def _claimants(plugins: Sequence[Plugin], name: str) -> _Claimants:
    """The methods of this name with which adapters claim hints or values: those of plugins, then core's.

    `Adapter`'s own, which claims nothing, is left out.
    """
    nothing = vars(Adapter)[name].__func__
    methods = [(plugin.name == CORE, getattr(adapter, name)) for plugin in plugins for adapter in plugin.adapters]
    return tuple(
        tuple(method for of_core, method in methods if of_core == core and getattr(method, "__func__", None) is not nothing)
        for core in (False, True)
    )


def _claim(claimants: _Claimants, claimed: object, describe: Callable[[Any], str]) -> Adapter[Any] | None:
    """The adapter that claims something: plugins go before core, and two claims of equal rank are a DefinitionError that names both."""
    for asked in claimants:
        claims = [claim for ask in asked if (claim := ask(claimed)) is not None]
        if len(claims) > 1:
            names = " and ".join(type(claim).__name__ for claim in claims)
            raise DefinitionError(f"{names} both take {describe(claimed)}: name one of them as input= or output= of the api")
        if claims:
            return claims[0]
    return None


@functools.cache
def installed() -> Registry:
    """The registry of this process, built on first use; BENTO_DISABLE_PLUGINS=torch,keras leaves these plugins out, and * all but core."""
    from importlib_metadata import entry_points

    disabled = os.environ.get("BENTO_DISABLE_PLUGINS", "").replace(" ", "").split(",")
    return Registry.discover(entry_points(group=GROUP), disabled)


def _load_order(entry_point: EntryPoint) -> tuple[bool, str, str]:
    return (not is_core(entry_point), _owner(entry_point), entry_point.name)


def _owner(entry_point: EntryPoint) -> str:
    return name_and_version(entry_point.dist)[0] if entry_point.dist else ""


def _by_name(groups: Iterable[tuple[type[B], ...]]) -> Mapping[str, type[B]]:
    return MappingProxyType({brought.name: brought for group in groups for brought in group})
