"""`bento save`: save a service of a module as a bundle."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ...errors import DefinitionError
from ..command import Command, json_option, open_store, parse_labels, seconds_since, store_option
from ..facts import named
from ..output import tell


@click.command(
    cls=Command,
    examples="""
    bento save iris:service
    bento save iris:service --version 3 --label stage=live
    bento save iris:service --lock
    """,
)
@click.argument("reference", metavar="MODULE:SERVICE")
@click.option("--version", metavar="TEXT", help="The version, instead of one made of the time and a digest.")
@click.option("--label", "labels", multiple=True, callback=parse_labels, metavar="NAME=VALUE", help="A label for the bundle; repeatable.")
@click.option("--lock", is_flag=True, help="Resolve everything that is to be installed, and keep the list with its hashes.")
@json_option
@store_option
def command(reference: str, *, version: str | None, labels: dict[str, str], lock: bool, as_json: bool, store_path: Path | None) -> None:
    """Save a service of a module as a bundle.

    Imports MODULE from the current folder, saves its instance SERVICE with its models, and prints the tag. `bento.save` does the same in
    Python.
    """
    from ...serving import import_service
    from ...serving.saving import save
    from ...serving.target import names_module

    if not names_module(reference):
        raise DefinitionError(f"{reference!r} is not a service of a module here: expected MODULE:SERVICE, as in iris:service for ./iris.py")
    begun, service = time.monotonic(), import_service(reference)
    bundle = save(service, version=version, labels=labels, lock=lock, store=open_store(store_path))
    tell(str(bundle.tag), {**named(bundle), "seconds": seconds_since(begun)}, as_json=as_json)
