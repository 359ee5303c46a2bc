"""`bento show`: what a bundle is, from its manifest alone."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Command, json_option, open_store, store_option
from .facts import facts, record
from .output import print_facts, print_json


@click.command(
    cls=Command,
    examples="""
    bento show iris
    bento show ./iris-20261122T101500-3f9a1c --json
    """,
)
@click.argument("target", metavar="TAG|PATH|URL")
@json_option
@store_option
def command(target: str, *, as_json: bool, store_path: Path | None) -> None:
    """Show what a bundle is.

    Its apis, models, requirements, labels, size and digest; none of its code runs.
    """
    from ..store import find

    bundle = find(target, store=open_store(store_path))
    if as_json:
        print_json(record(bundle))
    else:
        print_facts(facts(bundle))
