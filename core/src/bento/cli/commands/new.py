"""`bento new`: projects to start from."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ... import __version__
from ..command import Command, CommandGroup, json_option
from ..new_service import service

if TYPE_CHECKING:
    from ...registry import Plugin

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40
_PREFIX = "bento-"
_NONE = "none"


@click.group(
    cls=CommandGroup,
    name="new",
    examples="""
    bento new service house-prices
    bento new plugin thundersvm
    """,
)
def command() -> None:
    """Start a project."""


command.add_command(service)


@command.command(
    cls=Command,
    name="plugin",
    examples="""
    bento new plugin thundersvm
    bento new plugin thundersvm ./plugins/bento-thundersvm --license MIT
    """,
)
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--license",
    "licence",
    type=click.Choice(["Apache-2.0", "MIT", _NONE]),
    default="Apache-2.0",
    show_default=True,
    help="The licence of the plugin; 'none' if you do not publish it.",
)
@click.option("--author", default="", metavar="NAME", help="Who holds the copyright.")
@json_option
def plugin(name: str, folder: Path | None, *, licence: str, author: str, as_json: bool) -> None:
    """Write a working plugin, to change into your own.

    It has an artifact, an adapter, tests with the kit, types and a workflow for continuous integration. FOLDER is ./bento-NAME by default.
    """
    from ..project import tell_project, write_project

    name = _checked(name.removeprefix(_PREFIX))
    folder = folder or Path(_PREFIX + name)
    files = write_project("plugin", folder, _values(name, licence, author), licence=None if licence == _NONE else licence)
    steps = [
        f"cd {shlex.quote(str(folder))}",
        "python -m pip install --editable '.[testing]'",
        "python -m pytest",
        f"bento plugins {name} --check",
    ]
    tell_project(folder, files, steps, as_json=as_json)


def _checked(name: str) -> str:
    """The name, if a new plugin may have it and it is not taken; otherwise a UsageError."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise click.UsageError(f"{name!r} is not a name for a plugin: use up to {_LONGEST} of a-z, 0-9 and '-', beginning with a letter")
    if taken := _owner(name):
        raise click.UsageError(f"the name {name!r} is taken by {taken}: choose another one")
    return name


def _owner(name: str) -> Plugin | None:
    from ...registry import installed

    found = installed()
    brought = found.artifacts.get(name) or found.adapters.get(name)
    named = next((plugin for plugin in found.plugins if plugin.name == name), None)
    return named or (found.owner(brought) if brought else None)


def _values(name: str, licence: str, author: str) -> dict[str, str]:
    distribution = _PREFIX + name
    return {
        "name": name,
        "distribution": distribution,
        "package": distribution.replace("-", "_"),
        "kind": "".join(part.capitalize() for part in name.split("-")),
        "bento": __version__,
        "author": author or f"the authors of {distribution}",
        "license": "# Published under no licence." if licence == _NONE else f'license = "{licence}"\nlicense-files = ["LICENSE"]',
        "classifiers": ", ".join(f'"{each}"' for each in (*(["Private :: Do Not Upload"] if licence == _NONE else []), "Typing :: Typed")),
    }
