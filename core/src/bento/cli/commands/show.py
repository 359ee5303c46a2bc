"""`bento show`: describe a bundle, from its manifest alone."""

from __future__ import annotations

from pathlib import Path

import click

from ..command import Command, json_option, open_store, store_option
from ..facts import facts, record
from ..origins import origins
from ..output import print_facts, print_json


@click.command(
    cls=Command,
    examples="""
    bento show iris
    bento show ./iris-20261122T101500-3f9a1c --json
    bento show iris --provenance
    """,
)
@click.argument("target", metavar="TAG|PATH|URL")
@click.option("--provenance", is_flag=True, help="Show who made it, from what, and why its code may run here.")
@json_option
@store_option
def command(target: str, *, provenance: bool, as_json: bool, store_path: Path | None) -> None:
    """Describe a bundle.

    Shows its apis, models, requirements, labels, size and digest; none of its code runs.
    """
    from ...store import find

    store = open_store(store_path)
    bundle = find(target, store=store)
    if provenance:
        from ...store.trust.provenance import provenance as found

        told = found(bundle, store)
        print_json(told) if as_json else print_facts(origins(told))
    elif as_json:
        print_json(record(bundle))
    else:
        print_facts(facts(bundle))
