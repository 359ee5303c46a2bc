"""`bento new service`: a project with a service, the script that saves it, and its tests."""

from __future__ import annotations

import keyword
import shlex
from importlib.util import find_spec
from pathlib import Path

import click

from .. import __version__
from ..errors import TagError
from ..tag import Tag
from .command import Command, json_option

_OWN = ("tests", "train")


@click.command(
    cls=Command,
    name="service",
    examples="""
    bento new service house-prices
    bento new service house-prices ./services/prices
    """,
)
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@json_option
def service(name: str, folder: Path | None, *, as_json: bool) -> None:
    """Write a working service, to change into your own.

    It has a small model that needs no framework, a script that fits and saves the model, tests with the kit, and types. FOLDER is ./NAME by
    default.
    """
    from .project import tell_project, write_project

    package = _checked(name)
    folder = folder or Path(name)
    kind = "".join(part[:1].upper() + part[1:] for part in package.split("_"))
    files = write_project("service", folder, {"name": name, "package": package, "kind": kind, "bento": __version__})
    steps = [
        f"cd {shlex.quote(str(folder))}",
        "python -m pip install --editable '.[testing]'",
        "python -m pytest",
        "python train.py",
        f"bento serve {name}",
    ]
    tell_project(folder, files, steps, as_json=as_json)


def _checked(name: str) -> str:
    """The name of the module for a service of this name; a UsageError if it is invalid or taken."""
    try:
        Tag(name)
    except TagError as error:
        raise click.UsageError(str(error)) from error
    module = name.replace("-", "_").replace(".", "_")
    if not module.isidentifier() or keyword.iskeyword(module):
        raise click.UsageError(f"{name!r} does not give a module that Python can import: begin with a letter, as in 'house-prices'")
    if module in _OWN or find_spec(module) is not None:
        raise click.UsageError(f"{name!r} would be the module {module!r}, which exists already: choose another name")
    return module
