"""`bento delete`: remove bundles from the store."""

from __future__ import annotations

from pathlib import Path

import click

from ..tag import Tag
from .command import Command, open_store, store_option


@click.command(
    cls=Command,
    examples="""
    bento delete iris:20261122T101500-3f9a1c
    bento delete --yes iris:1 iris:2
    """,
)
@click.argument("tags", nargs=-1, required=True, metavar="NAME:VERSION...")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@store_option
def command(tags: tuple[str, ...], *, yes: bool, store_path: Path | None) -> None:
    """Delete bundles from the store.

    A version has to be named; 'latest' is the newest one.
    """
    from ..store import Store

    store = open_store(store_path) or Store()
    for text in tags:
        if ":" not in text:
            raise click.UsageError(f"{text!r} names no version: write {text}:latest or {text}:VERSION, as 'bento list {text}' shows them")
    bundles = [store.get(Tag.parse(text)) for text in tags]
    if not yes:
        click.confirm(f"delete {', '.join(str(bundle.tag) for bundle in bundles)}?", abort=True, err=True)
    for bundle in bundles:
        store.delete(bundle.tag)
        click.echo(f"deleted {bundle.tag}")
