"""The registry: which plugins are installed, what each brings, and which one failed and why.

pluggy's own entry-point loader stops at the first plugin that raises, so each plugin is loaded here on its own, all or nothing:
import, register, check for misspelt hooks, collect, check names, commit.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from . import hookspecs
from .adapter import Adapter
from .artifact import Artifact
from .errors import DefinitionError, PluginError
from .packer import Packer

if TYPE_CHECKING:
    import click
    from importlib_metadata import EntryPoint
    from starlette.routing import BaseRoute

    from .api import Api
    from .service import Service

log = logging.getLogger(__name__)

GROUP = "bento"
CORE = "core"

B = TypeVar("B", Artifact[Any], Adapter[Any], Packer)
"""What a plugin can bring."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin: what it brings, or, in `error`, why it brings nothing."""

    name: str
    distribution: str
    version: str
    module: str
    artifacts: tuple[type[Artifact[Any]], ...] = ()
    adapters: tuple[type[Adapter[Any]], ...] = ()
    packers: tuple[type[Packer], ...] = ()
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything the installed plugins bring, by name."""

    plugins: tuple[Plugin, ...] = ()
    hooks: pluggy.PluginManager = field(default_factory=lambda: _new_hooks())  # noqa: PLW0108 - defined below

    @classmethod
    def discover(cls, entry_points: Iterable[EntryPoint], disabled: Iterable[str] = ()) -> Registry:
        """Load each entry point, bento's own first; one that fails is kept with its error and the others go on."""
        off = frozenset(disabled)
        hooks = _new_hooks()
        plugins: list[Plugin] = []
        for entry_point in sorted(entry_points, key=_load_order):
            if entry_point.name == CORE or not ({entry_point.name, "*"} & off):
                plugins.append(_load(entry_point, plugins, hooks))
        return cls(tuple(plugins), hooks)

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
        """The artifact class of this name; an unknown one is a PluginError that lists what there is and which plugins failed."""
        return self._find("artifact", name, self.artifacts)

    def adapter(self, name: str) -> type[Adapter[Any]]:
        """The adapter class of this name, or a PluginError as for `artifact`."""
        return self._find("adapter", name, self.adapters)

    def packer(self, name: str) -> type[Packer]:
        """The packer class of this name, or a PluginError as for `artifact`."""
        return self._find("packer", name, self.packers)

    def owner(self, brought: type) -> Plugin | None:
        """The plugin that brings this artifact, adapter or packer class; None for a class that nobody registered."""
        for plugin in self.plugins:
            if brought in (*plugin.artifacts, *plugin.adapters, *plugin.packers):
                return plugin
        return None

    def adapters_of(self, api: Api) -> tuple[Adapter[Any], Adapter[Any] | None]:
        """An api's input and output adapter: as declared, else by its type hints, else JSON for the input and None for the output.

        None means that each returned value decides for itself: `adapter_for_value`.
        """
        if api.input is not None and api.output is not None:
            return api.input, api.output
        taken, returned = api.annotations()
        reader = api.input or self.adapter_for_annotation(taken) or self.adapter("json")()
        return reader, api.output or self.adapter_for_annotation(returned)

    def adapter_for_annotation(self, annotation: object) -> Adapter[Any] | None:
        """The adapter that claims a type hint; None for no hint or one that nobody claims."""
        if annotation is inspect.Parameter.empty or annotation is Any:
            return None
        return self._claim(lambda adapter: adapter.for_annotation(annotation), f"the type hint {annotation!r}")

    def adapter_for_value(self, value: object) -> Adapter[Any]:
        """The adapter that claims a returned value; JSON for one that nobody claims."""
        claimed = self._claim(lambda adapter: adapter.for_value(value), f"a {type(value).__name__}")
        return claimed or self.adapter("json")()

    def commands(self) -> list[click.Command]:
        """The sub-commands that plugins bring."""
        return [command for brought in self.call("bento_register_commands") for command in brought]

    def routes(self, service: Service) -> list[BaseRoute]:
        """The extra routes that plugins bring for a service."""
        return [route for brought in self.call("bento_register_routes", service=service) for route in brought]

    def call(self, hook: str, **arguments: object) -> list[Any]:
        """Call one hook of every plugin; an exception is logged with the plugin's name, and the others go on."""
        results = []
        for implementation in getattr(self.hooks.hook, hook).get_hookimpls():
            try:
                results.append(implementation.function(*(arguments[name] for name in implementation.argnames)))
            except Exception:
                log.exception("plugin %s failed in %s", implementation.plugin_name, hook)
        return results

    def _claim(self, ask: Callable[[type[Adapter[Any]]], Adapter[Any] | None], what: str) -> Adapter[Any] | None:
        """What one adapter claims; a plugin's claim goes before core's, and two plugins' claims are an error naming both."""
        for core in (False, True):
            classes = [adapter for plugin in self.plugins if (plugin.name == CORE) == core for adapter in plugin.adapters]
            claims = [claim for adapter in classes if (claim := ask(adapter)) is not None]
            if len(claims) > 1:
                names = " and ".join(type(claim).__name__ for claim in claims)
                raise DefinitionError(f"{names} both take {what}: name one of them as input= or output= of the api")
            if claims:
                return claims[0]
        return None

    def _find(self, kind: str, name: str, found: Mapping[str, type[B]]) -> type[B]:
        if name in found:
            return found[name]
        failed = [f"\n  {plugin} failed to load: {plugin.error}" for plugin in self.plugins if plugin.error]
        raise PluginError(f"no {kind} named {name!r}\n  installed: {', '.join(sorted(found)) or 'none'}{''.join(failed)}")


@functools.cache
def installed() -> Registry:
    """The registry of this process, made when it is first asked for; BENTO_DISABLE_PLUGINS=torch,keras or * leaves plugins out."""
    from importlib_metadata import entry_points

    disabled = os.environ.get("BENTO_DISABLE_PLUGINS", "").replace(" ", "").split(",")
    return Registry.discover(entry_points(group=GROUP), disabled)


def _new_hooks() -> pluggy.PluginManager:
    hooks = pluggy.PluginManager(hookspecs.PROJECT)
    hooks.add_hookspecs(hookspecs)
    return hooks


def _load_order(entry_point: EntryPoint) -> tuple[bool, str, str]:
    distribution = entry_point.dist.name if entry_point.dist else ""
    return (entry_point.name != CORE, distribution, entry_point.name)


def _load(entry_point: EntryPoint, before: Iterable[Plugin], hooks: pluggy.PluginManager) -> Plugin:
    distribution = entry_point.dist
    name = distribution.name if distribution else entry_point.value
    plugin = functools.partial(Plugin, entry_point.name, name, distribution.version if distribution else "?", entry_point.value)
    try:
        module = entry_point.load()
        loaded = plugin(**_collect(entry_point.name, module))
        _check_free(loaded, before)
        hooks.register(module, entry_point.name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a SystemExit in a plugin's import must not take the others down either
        failed = plugin(error=f"{type(error).__name__}: {error}")
        log.warning("plugin %s failed to load: %s", failed, failed.error)
        return failed
    return loaded


def _collect(name: str, module: ModuleType) -> dict[str, Any]:
    """What a plugin registers, asked in a manager of its own so that a failure leaves nothing behind."""
    trial = _new_hooks()
    _check_marked(module)
    trial.register(module, name)
    trial.check_pending()
    kinds = {"artifacts": Artifact, "adapters": Adapter, "packers": Packer}
    return {kind: _classes(trial, kind, base) for kind, base in kinds.items()}


def _check_marked(module: ModuleType) -> None:
    for name, value in vars(module).items():
        if name.startswith("bento_") and inspect.isfunction(value) and not hasattr(value, f"{hookspecs.PROJECT}_impl"):
            raise PluginError(f"{module.__name__}.{name} is no hook implementation: mark it with @bento.hookimpl")


def _classes(trial: pluggy.PluginManager, kind: str, base: type) -> tuple[type, ...]:
    hook = f"bento_register_{kind}"
    found = tuple(brought for result in getattr(trial.hook, hook)() for brought in result)
    for brought in found:
        if not (isinstance(brought, type) and issubclass(brought, base)):
            raise PluginError(f"{hook} returned {brought!r}: expected subclasses of bento.{base.__name__}")
        if inspect.isabstract(brought) or not isinstance(getattr(brought, "name", None), str):
            missing = ", ".join(sorted(getattr(brought, "__abstractmethods__", ()))) or "name"
            raise PluginError(f"{brought.__name__} is not complete: it lacks {missing}")
    return found


def _check_free(loaded: Plugin, before: Iterable[Plugin]) -> None:
    for kind in ("artifacts", "adapters", "packers"):
        taken = {brought.name: plugin for plugin in before for brought in getattr(plugin, kind)}
        for brought in getattr(loaded, kind):
            if brought.name in taken:
                raise PluginError(
                    f"{loaded} and {taken[brought.name]} both bring the {kind[:-1]} {brought.name!r}: "
                    f"remove one of them, or leave one out with BENTO_DISABLE_PLUGINS={loaded.name}"
                )
            taken[brought.name] = loaded


def _by_name(groups: Iterable[tuple[type[B], ...]]) -> Mapping[str, type[B]]:
    return MappingProxyType({brought.name: brought for group in groups for brought in group})
