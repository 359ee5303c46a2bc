"""`bento unpack`: take a packed bundle into the store."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Command, hint_at_trust, open_store, progress_bar, store_option


@click.command(
    cls=Command,
    examples="""
    bento unpack iris.bento
    bento unpack iris.bento --trust          # its code may run here
    """,
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--trust", is_flag=True, help="Let its code run here from now on, without asking again.")
@store_option
def command(file: Path, *, trust: bool, store_path: Path | None) -> None:
    """Take a packed bundle into the store.

    Everything in the .bento FILE is checked before it is kept; none of it runs.
    """
    from ..store import unpack

    store = open_store(store_path)
    with progress_bar(f"unpacking {file.name}", file.stat().st_size) as progress:
        bundle = unpack(file, store=store, trust=trust, progress=progress)
    click.echo(str(bundle.tag))
    hint_at_trust(bundle, store, f"bento unpack {file.name} --trust")
