"""`bento pull`: take a bundle of a remote into the store."""

from __future__ import annotations

from pathlib import Path

import click

from ..tag import Tag
from .command import Command, hint_at_trust, open_store, progress_bar, store_option


@click.command(
    cls=Command,
    examples="""
    bento pull iris:latest s3://bucket/store
    bento pull iris file:///srv/models --trust          # its code may run here
    """,
)
@click.argument("tag", metavar="TAG")
@click.argument("remote", metavar="REMOTE")
@click.option("--trust", is_flag=True, help="Let its code run here from now on, without asking again.")
@store_option
def command(tag: str, remote: str, *, trust: bool, store_path: Path | None) -> None:
    """Take a bundle of a remote into the store.

    Only files that the store lacks are fetched, and each is checked before it is kept; none of it runs.
    """
    from ..store import Store
    from ..store.remote import Remote
    from ..store.transfer import fetch

    store, place = open_store(store_path) or Store(), Remote(remote)
    offer = place.offer(Tag.parse(tag))
    with progress_bar(f"pulling {offer.tag}", offer.size) as progress:
        bundle = fetch(offer, place, store, trust=trust, progress=progress)
    click.echo(str(bundle.tag))
    hint_at_trust(bundle, store, f"bento pull {bundle.tag} {place} --trust")
