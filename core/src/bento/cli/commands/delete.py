"""`bento delete`: remove bundles from the store."""

from __future__ import annotations

import sys
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ...tag import Tag
from ..amounts import Age
from ..command import Command, json_option, label_option, open_store, store_option
from ..output import print_json

if TYPE_CHECKING:
    from ...store import Store

_SHOWN: Final = 20


@click.command(
    cls=Command,
    examples="""
    bento delete iris:20261122T101500-3f9a1c
    bento delete --yes iris:1 iris:2
    bento delete iris --keep-last 5 --dry-run
    bento delete --label stage=nightly --older-than 30d
    """,
)
@click.argument("targets", nargs=-1, metavar="[NAME[:VERSION]]...")
@label_option
@click.option("--older-than", type=Age(), metavar="AGE", help="Only bundles saved longer ago than this, such as 90m, 12h, 30d or 4w.")
@click.option(
    "--keep-last", type=click.IntRange(0), metavar="N", help="Keep the N newest of each name, counting only bundles with the labels."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@store_option
def command(
    targets: tuple[str, ...],
    *,
    labels: dict[str, str],
    older_than: timedelta | None,
    keep_last: int | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Delete bundles from the store.

    Give their tags, in which 'latest' is the newest bundle of a name. With options, all bundles that match are deleted, of the given NAMEs
    or of any name.
    """
    from ...store import Store

    store = open_store(store_path) or Store()
    if labels or older_than is not None or keep_last is not None:
        tags = _fitting(store, targets, labels, older_than, keep_last or 0)
    else:
        tags = _named(store, targets)
    if not tags:
        click.echo("nothing to delete", err=True)
    elif not (yes or dry_run):
        _confirm(f"delete {_listed(tags)}?")
    deleted: list[str] = []
    try:
        for tag in tags:
            deleted.append(str(tag if dry_run else store.delete(tag)))
            if not as_json:
                click.echo(f"{'would delete' if dry_run else 'deleted'} {deleted[-1]}")
    finally:
        # If one cannot be deleted, those that were deleted before it are reported, too.
        if as_json:
            print_json({"deleted": deleted, "dry_run": dry_run})


def _confirm(question: str) -> None:
    """Ask before anything is deleted; a job without a terminal is told which option to add."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise click.ClickException("there is nobody to ask: add --yes, or --dry-run to see what would be deleted") from error
    if not agreed:
        raise click.Abort


def _named(store: Store, targets: tuple[str, ...]) -> list[Tag]:
    from ...store.remotes.address import is_url, shown

    if not targets:
        raise click.UsageError("expected tags, as 'bento list' shows them, or --label, --older-than or --keep-last")
    for text in targets:
        if is_url(text):
            raise click.UsageError(f"{shown(text)!r} is elsewhere, and only bundles in the store here can be deleted")
        if ":" not in text:
            raise click.UsageError(
                f"{text!r} names no version: write {text}:latest or {text}:VERSION, as 'bento list {text}' shows them, "
                "or say which ones with --label, --older-than or --keep-last"
            )
    return list(dict.fromkeys(_tag(store, Tag.parse(text)) for text in targets))


def _tag(store: Store, tag: Tag) -> Tag:
    """The tag with its version in place of `latest`; a damaged bundle can be deleted, too, by its version."""
    from ...errors import BundleError

    try:
        return store.get(tag).tag
    except BundleError:
        return tag


def _fitting(store: Store, names: tuple[str, ...], labels: dict[str, str], older_than: timedelta | None, keep_last: int) -> list[Tag]:
    from ...store import outdated

    for text in names:
        if ":" in text:
            raise click.UsageError(f"{text!r} names one bundle, and options say which: leave the version or the options out")
    found = {each.tag: each for name in names or (None,) for each in store.summaries(name, labels)}
    # A stable sort: the store's order tells which of two with the same second came later.
    newest_first = sorted(found.values(), key=attrgetter("created"), reverse=True)
    return [each.tag for each in outdated(newest_first, older_than=older_than, keep_last=keep_last)]


def _listed(tags: list[Tag]) -> str:
    more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return ", ".join(map(str, tags[:_SHOWN])) + more
