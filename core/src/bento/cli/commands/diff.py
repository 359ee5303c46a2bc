"""`bento diff`: what changed from one bundle to another, and whether a client would break."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...plain import plain
from ..command import Command, answer_by_status, json_option, open_store, progress_bar, store_option
from ..output import print_json, print_table

if TYPE_CHECKING:
    from ...bundle import Bundle
    from ...bundle.comparing.change import Change


@click.command(
    cls=Command,
    examples="""
    bento diff iris:1 iris:2
    bento diff iris:1 iris:latest --json
    """,
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, old: str, new: str, *, as_json: bool, store_path: Path | None) -> None:
    """Show what changed from one bundle to another.

    OLD and NEW are tags, paths or URLs. Their files are verified, and their manifests are compared. Exits with 1 if NEW may refuse requests
    that clients of OLD send, or give answers that they do not expect, and with 2 if the bundles cannot be compared.
    """
    from ...bundle.comparing.compare import compare
    from ...store import find, verify

    answer_by_status(ctx)
    store = open_store(store_path)
    before, after = find(old, store=store), find(new, store=store)
    for bundle in (before, after):
        with progress_bar(f"verifying {bundle.tag}", bundle.size) as progress:
            verify(bundle, progress, store=store, anew=False)
    changes = list(compare(before, after))
    breaks = any(change.breaks for change in changes)
    if as_json:
        print_json({"old": str(before.tag), "new": str(after.tag), "breaks": breaks, "changes": [asdict(change) for change in changes]})
    else:
        _print(before, after, changes)
    if breaks:
        ctx.exit(1)


def _print(old: Bundle, new: Bundle, changes: list[Change]) -> None:
    """Print a table of the changes, and a sentence on clients."""
    if not changes:
        click.echo(f"{old.tag} and {new.tag} hold the same")
        return
    rows = [
        (change.area, plain(change.name), plain(change.change), click.style("breaks", fg="red") if change.breaks else "")
        for change in changes
    ]
    print_table(("WHAT", "NAME", "CHANGE", "CLIENTS"), rows)
    count = sum(change.breaks for change in changes)
    click.echo(f"\n{count} of {len(changes)} changes may break a client of {old.tag}" if count else f"\nno client of {old.tag} breaks")
