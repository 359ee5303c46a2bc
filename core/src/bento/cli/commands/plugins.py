"""`bento plugins`: the installed plugins, what they provide, and which failed and why."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ...errors import PluginError
from ..command import Command, answer_by_status, json_option
from ..output import print_facts, print_json, print_table

if TYPE_CHECKING:
    from ...registry import Plugin


@click.command(
    cls=Command,
    examples="""
    bento plugins
    bento plugins sklearn
    bento plugins sklearn --check
    BENTO_DISABLE_PLUGINS=torch,keras bento plugins --check
    """,
)
@click.argument("name", required=False)
@json_option
@click.option("--check", is_flag=True, help="Test the named plugin. Without a name, check that no plugin failed or lacks its framework.")
@click.pass_context
def command(ctx: click.Context, name: str | None, *, as_json: bool, check: bool) -> None:
    """List the installed plugins, or show or test one.

    The tests are those of the kit for plugin authors. They check, for instance, whether a format keeps its promises. A test that is left
    out gives its reason. With --check, exits with 1 if a plugin or a test failed, and with 2 if there is no such plugin or it cannot be
    tested.
    """
    if check:
        answer_by_status(ctx)
    plugins = _named(name)
    if name and check:
        from ..plugin_checks import show_checks

        ctx.exit(int(not show_checks(plugins[0], _faults(plugins[0]), _record(plugins[0]), as_json=as_json)))
    if as_json:
        records = [_record(plugin) for plugin in plugins]
        print_json(records[0] if name else records)
    elif name:
        print_facts(_facts(plugins[0]))
    else:
        print_table(("NAME", "DISTRIBUTION", "BRINGS"), [(plugin.name, str(plugin), _brings(plugin)) for plugin in plugins])
    faults = [f"{plugin.name}: {fault}" for plugin in plugins for fault in _faults(plugin)]
    if faults and not as_json and not name:
        click.secho("\n" + "\n".join(faults), fg="red")
    if faults and check:
        ctx.exit(1)


def _named(name: str | None) -> list[Plugin]:
    from ...registry import installed

    with _unlogged():
        plugins = list(installed().plugins)
    if name is None:
        return plugins
    if name not in {plugin.name for plugin in plugins}:
        raise PluginError(f"no plugin named {name!r}: installed are {', '.join(sorted(plugin.name for plugin in plugins))}")
    return [plugin for plugin in plugins if plugin.name == name]


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the registry from logging what failed to load, because the output of the command says it."""
    log = logging.getLogger("bento.registry")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _faults(plugin: Plugin) -> list[str]:
    return [f"failed to load: {plugin.error}"] if plugin.error else plugin.lacks()


def _brought(plugin: Plugin) -> dict[str, list[str]]:
    kinds: dict[str, tuple[type[Any], ...]] = {"artifacts": plugin.artifacts, "adapters": plugin.adapters, "packers": plugin.packers}
    return {**{kind: sorted(each.name for each in brought) for kind, brought in kinds.items()}, "hooks": list(plugin.hooks)}


def _brings(plugin: Plugin) -> str:
    if plugin.error:
        return "nothing: it failed to load"
    parts = [f"{kind}: {', '.join(names)}" for kind, names in _brought(plugin).items() if names]
    return "; ".join(parts) or "nothing"


def _facts(plugin: Plugin) -> dict[str, str | list[str]]:
    brought = {kind: ", ".join(names) for kind, names in _brought(plugin).items()}
    return {
        "name": plugin.name,
        "distribution": str(plugin),
        "module": plugin.module,
        **brought,
        "faults": _faults(plugin),
    }


def _record(plugin: Plugin) -> dict[str, object]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "module": plugin.module,
        **_brought(plugin),
        "error": plugin.error,
        "lacks": plugin.lacks(),
    }
