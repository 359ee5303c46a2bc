"""`bento pull`: take a bundle from a remote into the store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import NotFound
from ...tag import Tag
from ..command import Command, hint_at_trust, json_option, may_run, open_store, progress_bar, seconds_since, store_option
from ..facts import carried, named
from ..output import tell

if TYPE_CHECKING:
    from ...store.remotes.remote import Offer, Remote


@click.command(
    cls=Command,
    examples="""
    bento pull iris:latest s3://bucket/store
    bento pull iris file:///srv/models --trust          # its code may run here
    bento pull s3://bucket/store/iris:latest
    """,
)
@click.argument("tag", metavar="TAG|URL")
@click.argument("remote", metavar="[REMOTE]", required=False)
@click.option("--trust", is_flag=True, help="Let its code run here from now on, without --trust each time.")
@json_option
@store_option
def command(tag: str, remote: str | None, *, trust: bool, as_json: bool, store_path: Path | None) -> None:
    """Copy a bundle from a remote into the store.

    Give its tag there, or the URL that 'bento push' printed. Only files that the store lacks are fetched. Each file is checked before it is
    kept, and no code runs.
    """
    from ...store import Store
    from ...store.remotes.remote import Remote
    from ...store.remotes.transfer import fetch

    begun = time.monotonic()
    url, wanted = _asked(tag, remote)
    store, place = open_store(store_path) or Store(), Remote(url)
    offer = _offer(place, wanted, slip=remote is None and ":" not in tag.rpartition("/")[2])
    with progress_bar(f"pulling {offer.tag}", offer.size) as progress:
        bundle, moved = fetch(offer, place, store, trust=trust, progress=progress)
    took = {**carried(bundle, moved), "seconds": seconds_since(begun)}
    trusted = may_run(bundle, store)
    document = {**named(bundle), "remote": str(place), "url": f"{place}/{bundle.tag}", "trusted": trusted, **took}
    tell(str(bundle.tag), document, as_json=as_json)
    if not trusted:
        hint_at_trust(store_path, "bento", "pull", str(bundle.tag), str(place))


def _offer(place: Remote, wanted: Tag, *, slip: bool) -> Offer:
    """The bundle under a tag; `slip` says that the tag may really be the last part of the remote's URL."""
    try:
        return place.offer(wanted)
    except NotFound as error:
        if not slip or place.summaries():
            raise
        raise NotFound(f"{error}: if {place}/{wanted.name} is the remote, write bento pull TAG {place}/{wanted.name}") from error


def _asked(tag: str, remote: str | None) -> tuple[str, Tag]:
    """The remote's URL, and the tag to pull from it."""
    from ...store.remotes.address import is_url, split_tag

    if remote is not None:
        return remote, Tag.parse(tag)
    if is_url(tag):
        return split_tag(tag)
    raise click.UsageError(f"no remote to pull {tag!r} from: write bento pull {tag} s3://bucket/store")
