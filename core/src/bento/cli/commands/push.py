"""`bento push`: put a bundle on a remote."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ..command import Command, json_option, open_store, progress_bar, seconds_since, store_option
from ..facts import carried, named
from ..output import size_text, tell


@click.command(
    cls=Command,
    examples="""
    bento push iris:latest s3://bucket/store
    bento push iris file:///srv/models --json
    """,
)
@click.argument("target", metavar="TAG|PATH")
@click.argument("remote", metavar="REMOTE")
@json_option
@store_option
def command(target: str, remote: str, *, as_json: bool, store_path: Path | None) -> None:
    """Put a bundle on a remote.

    Only files that the REMOTE lacks are sent. Prints the URL by which other commands can name the bundle.
    """
    from ...store import find
    from ...store.remotes.remote import Remote
    from ...store.remotes.transfer import push_bundle

    begun = time.monotonic()
    store, place = open_store(store_path), Remote(remote)
    bundle = find(target, store=store)
    with progress_bar(f"pushing {bundle.tag}", bundle.size) as progress:
        moved = push_bundle(bundle, place, store, progress)
    click.echo(f"sent {moved.files} of {len(bundle.manifest.files)} files, {size_text(moved.size)} of {size_text(bundle.size)}", err=True)
    url = f"{place}/{bundle.tag}"
    document = {**named(bundle), "remote": str(place), "url": url, **carried(bundle, moved), "seconds": seconds_since(begun)}
    tell(url, document, as_json=as_json)
