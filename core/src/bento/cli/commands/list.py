"""`bento list`: the bundles in the store, or on a remote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import RemoteError, TagError
from ...garbage import uncollected
from ...tag import Tag
from ..command import Command, json_option, label_option, open_store, store_option
from ..output import print_json, print_table, size_text

if TYPE_CHECKING:
    from ...store import Store, Summary

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
    bento list s3://bucket/store iris
    """,
)
@click.argument("where", metavar="[REMOTE]", required=False)
@click.argument("name", required=False)
@label_option
@click.option(
    "--sort", type=click.Choice(list(_KEYS)), default="created", show_default=True, help="Newest first, by name, or largest first."
)
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Show only the first N.")
@json_option
@store_option
def command(
    where: str | None,
    name: str | None,
    *,
    labels: dict[str, str],
    sort: str,
    reverse: bool,
    limit: int | None,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """List the bundles in the store, or on a remote, newest first.

    With a NAME, lists only bundles of that name; 'iris-*' stands for all names that begin with 'iris-'. A name or a tag may also stand at
    the end of REMOTE.
    """
    from ...store import Store
    from ...store.remotes.address import is_url

    if where is not None and not is_url(where):
        if name is not None:
            raise click.UsageError(
                f"{where!r} is not a remote, and one name is enough: write s3://bucket/store, or 'iris-*' for several names"
            )
        if "=" in where:
            raise click.UsageError(f"{where!r} is a label: write --label {where}")
        where, name = None, where
    store = open_store(store_path) or Store()
    with uncollected():
        found = _on_remote(where, name, labels) if where else _in_store(store, name, labels)
        # Python's sort keeps the order of equal entries, even with `reverse`.
        found.sort(key=_KEYS[sort], reverse=sort != "name")
        chosen = (found[::-1] if reverse else found)[:limit]
        if as_json:
            print_json([_record(each) for each in chosen] if where else _records(store, chosen))
        elif chosen:
            _print_rows(chosen)
        else:
            only_damaged = store.has_left_out and not (name or labels)
            click.echo("no whole bundles" if only_damaged else _nothing(where, name, labels), err=True)


def _in_store(store: Store, name: str | None, labels: dict[str, str]) -> list[Summary]:
    if name is None or ":" not in name:
        return store.summaries(name, labels)
    tag = Tag.parse(name)
    return _with_version(tag, store.summaries(tag.name, labels))


def _with_version(tag: Tag, found: list[Summary]) -> list[Summary]:
    """The summary that a tag means, of those of its name, newest first; empty if there is none."""
    return found[:1] if tag.is_latest else [each for each in found if each.version == tag.version]


def _on_remote(url: str, name: str | None, labels: dict[str, str]) -> list[Summary]:
    from ...store.remotes.remote import Remote
    from ...store.selection import is_pattern, matches

    pattern = name is not None and is_pattern(name)
    is_bundle = ":" in url.rpartition("/")[2]
    found = _below(url) if is_bundle else []
    found = found or Remote(url).summaries(None if pattern else name)
    if not (found or is_bundle or name):
        with suppress(RemoteError):  # permission to list a folder does not always cover the one above it
            found = _below(url)
    return [each for each in found if matches(each, name if pattern else None, labels)]


def _below(url: str) -> list[Summary]:
    """The bundles that a URL means if it is that of a remote with a name or a tag at its end."""
    from ...store.remotes.address import split_tag
    from ...store.remotes.remote import Remote

    try:
        remote, tag = split_tag(url)
    except (RemoteError, TagError):
        return []
    found = Remote(remote).summaries(tag.name)
    if ":" not in url.rpartition("/")[2]:
        return found
    return _with_version(tag, found)


def _records(store: Store, chosen: list[Summary]) -> list[dict[str, object]]:
    from ..facts import record

    return [record(store.get(each.tag)) for each in chosen]


def _record(each: Summary) -> dict[str, object]:
    """A bundle as JSON, as far as it is known without its manifest."""
    return {"tag": str(each), **each._asdict()}


def _print_rows(chosen: list[Summary]) -> None:
    header = ["TAG", "CREATED", "SIZE", "APIS"]
    rows = [[str(each), each.created, size_text(each.size), " ".join(each.apis)] for each in chosen]
    if any(each.labels for each in chosen):
        header.append("LABELS")
        for row, each in zip(rows, chosen, strict=True):
            row.append(_labels(each))
    print_table(header, rows)


def _labels(summary: Summary) -> str:
    return " ".join(f"{name}={value}" for name, value in summary.labels.items())


def _nothing(where: str | None, name: str | None, labels: dict[str, str]) -> str:
    from ...store.remotes.address import shown

    if labels:
        return "no bundles with these labels" + (f" called {name!r}" if name else "")
    if where and ":" in where.rpartition("/")[2]:
        remote, _, tag = shown(where).rpartition("/")
        return f"no bundle {tag} at {remote}: 'bento list {remote}' shows which there are"
    if name and ":" in name:
        return f"no bundle {name}: 'bento list {name.partition(':')[0]}' shows which there are"
    way_out = f"push one with 'bento push TAG {shown(where)}'" if where else "save one with bento.save(service)"
    return (f"no bundles called {name!r}" if name else "no bundles yet") + f": {way_out}"
