"""`bento list`: what the store holds."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Command, json_option, open_store, store_option
from .facts import record
from .output import print_json, print_table, size_text


@click.command(
    cls=Command,
    examples="""
    bento list
    bento list iris --json
    """,
)
@click.argument("name", required=False)
@json_option
@store_option
def command(name: str | None, *, as_json: bool, store_path: Path | None) -> None:
    """List the bundles in the store, newest first.

    With a NAME, only those of that name.
    """
    from ..store import Store

    bundles = (open_store(store_path) or Store()).list(name)
    if as_json:
        print_json([record(bundle) for bundle in bundles])
    elif bundles:
        rows = [
            (str(bundle.tag), bundle.manifest.created, size_text(bundle.size), " ".join(api.name for api in bundle.manifest.apis))
            for bundle in bundles
        ]
        print_table(("TAG", "CREATED", "SIZE", "APIS"), rows)
    else:
        missing = f"no bundles called {name!r}" if name else "no bundles yet"
        click.echo(f"{missing}: save one with bento.save(service)", err=True)
