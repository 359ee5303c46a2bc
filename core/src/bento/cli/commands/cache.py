"""`bento cache`: bundles that were named by a URL, and are kept on this machine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..amounts import Age, Size
from ..command import Command, CommandGroup, json_option, open_store, store_option
from ..output import print_json, print_table, size_text

if TYPE_CHECKING:
    from ...store.cache.prune import Cached


@click.group(
    cls=CommandGroup,
    name="cache",
    examples="""
    bento cache list
    bento cache prune --older-than 30d --max-size 20GB
    """,
)
def command() -> None:
    """Manage the cache of bundles that were named by a URL."""


@command.command(
    cls=Command,
    name="list",
    examples="""
    bento cache list
    bento cache list --json
    """,
)
@json_option
@store_option
def list_command(*, as_json: bool, store_path: Path | None) -> None:
    """List the bundles in the cache, most recently used first."""
    from ...store.cache.prune import contents, disk_size

    found = contents(_root(store_path))
    if as_json:
        print_json([_record(each) for each in found])
    elif found:
        print_table(("URL", "LAST USED", "SIZE"), [(each.url, _time(each), size_text(each.size)) for each in found])
        click.echo(f"\n{size_text(disk_size(found))} on the disk: what several bundles of a remote share is stored once")
    else:
        click.echo("no bundles yet: a bundle that is named by a URL, as in 'bento serve s3://bucket/store/iris:1', is kept here", err=True)


@command.command(
    cls=Command,
    examples="""
    bento cache prune --older-than 30d
    bento cache prune --max-size 20GB --dry-run
    """,
)
@click.option("--older-than", type=Age(), metavar="AGE", help="Remove bundles last used longer ago than this, such as 90m, 12h, 30d or 4w.")
@click.option(
    "--max-size",
    type=Size(),
    metavar="SIZE",
    help="Then remove the longest unused, until the rest takes no more than this, such as 500MB or 20GB.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@json_option
@store_option
def prune(*, older_than: timedelta | None, max_size: int | None, dry_run: bool, as_json: bool, store_path: Path | None) -> None:
    """Remove bundles from the cache.

    A bundle stays while a process that uses it runs. A removed bundle is fetched again when it is needed.
    """
    from ...store.cache import prune as pruning

    if older_than is None and max_size is None:
        raise click.UsageError("expected --older-than or --max-size: 'bento cache list' shows what there is")
    removed, in_use = pruning.prune(_root(store_path), older_than=older_than, max_size=max_size, dry_run=dry_run)
    if as_json:
        print_json({"removed": [_record(each) for each in removed], "in_use": [_record(each) for each in in_use], "dry_run": dry_run})
        return
    for each in removed:
        click.echo(f"{'would remove' if dry_run else 'removed'} {each.url}")
    for each in in_use:
        click.echo(f"kept {each.url}, which is in use", err=True)
    if not removed:
        click.echo("nothing to remove", err=True)


def _root(store_path: Path | None) -> Path:
    from ...store import Store

    return (open_store(store_path) or Store()).root


def _record(each: Cached) -> dict[str, object]:
    return {"url": each.url, "tag": str(each.tag), "size": each.size, "used": _time(each)}


def _time(each: Cached) -> str:
    from ...bundle.manifest.fields import TIME_FORMAT

    return each.used.strftime(TIME_FORMAT)
