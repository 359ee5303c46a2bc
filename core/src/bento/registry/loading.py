"""Loading one plugin, all or nothing."""

from __future__ import annotations

import functools
import inspect
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pluggy

from .. import hookspecs
from ..adapter import Adapter
from ..artifact import Artifact
from ..errors import PluginError
from ..packer import Packer
from .metadata import name_and_version
from .plugin import CORE, Plugin

if TYPE_CHECKING:
    from types import ModuleType

    from importlib_metadata import EntryPoint

log = logging.getLogger(__name__)

_KINDS = {
    "artifacts": (Artifact, ("name",)),
    "adapters": (Adapter, ("name", "media_types")),
    "packers": (Packer, ("name", "summary")),
}

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?")


def new_hooks() -> pluggy.PluginManager:
    """A pluggy manager that knows bento's hooks and no plugin."""
    hooks = pluggy.PluginManager(hookspecs.PROJECT)
    hooks.add_hookspecs(hookspecs)
    return hooks


def load(entry_point: EntryPoint, before: Iterable[Plugin], hooks: pluggy.PluginManager) -> Plugin:
    """Load a plugin into `hooks`, unless it fails or conflicts with one that was loaded `before`; the record of it says which."""
    name, version = name_and_version(entry_point.dist) if entry_point.dist else (entry_point.value, "?")
    plugin = functools.partial(Plugin, entry_point.name, name, version, entry_point.value)
    try:
        module = entry_point.load()
        trial = _on_trial(entry_point.name, module)
        packers = functools.cache(lambda: _classes(trial, "packers"))
        loaded = plugin(_classes(trial, "artifacts"), _classes(trial, "adapters"), packers, _other_hooks(trial, module))
        if not is_core(entry_point):
            _check_free(loaded, [other for other in before if not other.error])
        hooks.register(module, entry_point.name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a SystemExit in a plugin's import must not take the others down either
        failed = plugin(error=f"{type(error).__name__}: {error}{_too_old(entry_point)}")
        log.warning("plugin %s failed to load: %s", failed, failed.error)
        return failed
    return loaded


def _too_old(entry_point: EntryPoint) -> str:
    """The end of a failed plugin's error: that it requires another version of bento-core, if it does."""
    from importlib_metadata import version
    from packaging.requirements import InvalidRequirement, Requirement

    here = version("bento-core")
    for text in (entry_point.dist.requires if entry_point.dist else None) or ():
        try:
            asked = Requirement(text)
        except InvalidRequirement:
            continue
        if asked.name == "bento-core" and asked.marker is None and not asked.specifier.contains(here, prereleases=True):
            return f" - it is for bento-core{asked.specifier}, and this is {here}"
    return ""


def is_core(entry_point: EntryPoint) -> bool:
    """Whether this is bento itself."""
    return entry_point.name == CORE and entry_point.value == "bento.builtins"


def _on_trial(name: str, module: ModuleType) -> pluggy.PluginManager:
    """A plugin in a manager of its own, so that a failure leaves nothing behind."""
    trial = new_hooks()
    _check_hooks(module)
    trial.register(module, name)
    trial.check_pending()
    return trial


def _check_hooks(module: ModuleType) -> None:
    """Refuse functions that would never be called as hooks, or that take what the hook does not give."""
    known = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("bento_")}
    for name, value in vars(module).items():
        if not inspect.isfunction(value):
            continue
        where, mark = f"{module.__name__}.{name}", getattr(value, f"{hookspecs.PROJECT}_impl", None)
        hook = (mark or {}).get("specname") or name
        if mark is None and name.startswith("bento_"):
            raise PluginError(f"{where} is not a hook implementation: mark it with @bento.hookimpl")
        if mark is not None and hook in known:
            _check_kind(where, value, mark, known[hook])
            _check_parameters(where, value, known[hook])
        elif hook == name and name.startswith("bento_"):
            nearest = get_close_matches(name, known, 1) or [", ".join(known)]
            raise PluginError(f"{where} is not a hook of bento: did you mean {nearest[0]}?")


def _check_kind(where: str, function: Callable[..., object], mark: Mapping[str, object], hook: Callable[..., object]) -> None:
    """Refuse implementations that are not plain functions: a coroutine or a generator would be made and never run."""
    if mark.get("wrapper") or mark.get("hookwrapper"):
        raise PluginError(
            f"{where} is a wrapper, which bento's hooks do not support: "
            "make it a plain function that returns what it registers, or does its work"
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(f"{where} is async, and hooks are not awaited: make it a plain function, and leave what takes long to a thread")
    if inspect.isgeneratorfunction(function) and not hook.__name__.startswith("bento_register_"):
        raise PluginError(f"{where} yields, so none of it would run when it is called: make it a plain function")


def _check_parameters(where: str, function: Callable[..., object], hook: Callable[..., object]) -> None:
    """Refuse parameters that the call cannot fill: arguments are passed by position, to parameters of their names without a default."""
    given = inspect.signature(hook).parameters
    names = ", ".join(given) or "nothing"
    for name, parameter in inspect.signature(function).parameters.items():
        by_position = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if not by_position and parameter.default is parameter.empty:
            raise PluginError(f"{where} takes {parameter}, and hooks are called by position: take what it needs of {names}")
        if name in given and parameter.default is not parameter.empty:
            raise PluginError(f"{where} has a default for {name!r}, which would be used whatever happens: leave the default out")
        if name not in given and parameter.default is parameter.empty:
            raise PluginError(f"{where} takes {name!r}, which {hook.__name__} does not give: take what it needs of {names}")


def _classes(trial: pluggy.PluginManager, kind: str) -> tuple[Any, ...]:
    """The classes of one kind that a plugin registers."""
    base, needs = _KINDS[kind]
    hook = f"bento_register_{kind}"
    found: list[Any] = []
    for implementation in getattr(trial.hook, hook).get_hookimpls():
        result = implementation.function()
        if isinstance(result, type) or not isinstance(result, Iterable):
            raise PluginError(f"{hook} returned {result!r}: expected a list of subclasses of bento.{base.__name__}")
        found += result
    for brought in found:
        if not (isinstance(brought, type) and issubclass(brought, base)):
            raise PluginError(f"{hook} returned {brought!r}: expected subclasses of bento.{base.__name__}")
        missing = sorted(getattr(brought, "__abstractmethods__", ())) + [name for name in needs if not hasattr(brought, name)]
        if missing:
            raise PluginError(f"{brought.__name__} is not complete: it lacks {', '.join(missing)}")
        media_types: object = getattr(brought, "media_types", None)
        if isinstance(media_types, str):
            raise PluginError(f"{brought.__name__}.media_types is a text: expected a tuple, as in ({media_types!r},)")
        name: object = getattr(brought, "name", None)
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise PluginError(f"{brought.__name__} has the name {name!r}: expected lower-case letters, digits, '-' and '_'")
    return tuple(found)


def _other_hooks(trial: pluggy.PluginManager, module: ModuleType) -> tuple[str, ...]:
    """The hooks that a plugin implements besides those that register classes."""
    return tuple(sorted({hook.name for hook in trial.get_hookcallers(module) or ()} - {f"bento_register_{kind}" for kind in _KINDS}))


def _check_free(loaded: Plugin, before: Iterable[Plugin]) -> None:
    """Refuse a plugin that conflicts with one before it. Core's packers are imported for this only if the plugin has packers, too."""
    for other in before:
        if other.name == loaded.name:
            raise PluginError(f"{loaded} and {other} both call themselves {loaded.name!r}: remove one of them")
    for kind in _KINDS:
        found = getattr(loaded, kind)
        taken = {brought.name: plugin for plugin in before for brought in getattr(plugin, kind)} if found else {}
        for brought in found:
            if brought.name in taken:
                raise PluginError(
                    f"{loaded} and {taken[brought.name]} both bring the {kind[:-1]} {brought.name!r}: "
                    f"remove one of them, or leave one out with BENTO_DISABLE_PLUGINS={loaded.name}"
                )
            taken[brought.name] = loaded
