"""`bento list`: what the store holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import Command, json_option, label_option, open_store, store_option
from .output import print_json, print_table, size_text

if TYPE_CHECKING:
    from ..store import Store, Summary

_KEYS: Mapping[str, Callable[[Summary], Any]] = {
    "created": lambda each: each.created,
    "name": lambda each: each.name,
    "size": lambda each: each.size,
}


@click.command(
    cls=Command,
    examples="""
    bento list
    bento list iris --json
    bento list 'iris-*' --label stage=live --sort size --limit 10
    """,
)
@click.argument("name", required=False)
@label_option
@click.option("--sort", type=click.Choice(list(_KEYS)), default="created", show_default=True, help="Newest, first name or largest first.")
@click.option("--reverse", is_flag=True, help="The other way round.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N.")
@json_option
@store_option
def command(
    name: str | None,
    *,
    labels: dict[str, str],
    sort: str,
    reverse: bool,
    limit: int | None,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """List the bundles in the store, newest first.

    With a NAME, only those of that name; 'iris-*' stands for all names that begin so.
    """
    from ..store import Store

    store = open_store(store_path) or Store()
    # Python's sort is stable, and turns nothing around that is equal.
    found = sorted(store.summaries(name, labels), key=_KEYS[sort], reverse=sort != "name")
    chosen = (found[::-1] if reverse else found)[:limit]
    if as_json:
        _print_records(store, chosen)
    elif chosen:
        _print_rows(chosen)
    else:
        click.echo(_nothing(name, labels), err=True)


def _print_records(store: Store, chosen: list[Summary]) -> None:
    from .facts import record

    print_json([record(store.get(each.tag)) for each in chosen])


def _print_rows(chosen: list[Summary]) -> None:
    rows = [(str(each), each.created, size_text(each.size), " ".join(each.apis), _labels(each)) for each in chosen]
    width = 5 if any(each.labels for each in chosen) else 4
    print_table(("TAG", "CREATED", "SIZE", "APIS", "LABELS")[:width], [row[:width] for row in rows])


def _labels(summary: Summary) -> str:
    return " ".join(f"{name}={value}" for name, value in summary.labels.items())


def _nothing(name: str | None, labels: dict[str, str]) -> str:
    if labels:
        return "no bundles with these labels" + (f" called {name!r}" if name else "")
    return (f"no bundles called {name!r}" if name else "no bundles yet") + ": save one with bento.save(service)"
