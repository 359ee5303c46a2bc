"""`bento unpack`: take a packed bundle into the store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from ..command import Command, hint_at_trust, json_option, may_run, open_store, progress_bar, seconds_since, store_option
from ..facts import named
from ..output import tell


class _Archive(click.Path):
    """The path of a `.bento` file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from ...store.remotes.address import is_url, shown

        if is_url(value):
            self.fail(f"{shown(value)!r} is a URL, which takes the place of a tag: bento run URL; or download it first", param, ctx)
        return super().convert(value, param, ctx)


@click.command(
    cls=Command,
    examples="""
    bento unpack iris.bento
    bento unpack iris.bento --trust          # its code may run here
    """,
)
@click.argument("file", type=_Archive(exists=True, dir_okay=False, path_type=Path))
@click.option("--trust", is_flag=True, help="Let its code run here from now on, without --trust each time.")
@json_option
@store_option
def command(file: Path, *, trust: bool, as_json: bool, store_path: Path | None) -> None:
    """Copy a packed bundle into the store.

    Every file in the .bento FILE is checked before it is kept, and no code runs.
    """
    from ...store import unpack

    begun, store = time.monotonic(), open_store(store_path)
    with progress_bar(f"unpacking {file.name}", file.stat().st_size) as progress:
        bundle = unpack(file, store=store, trust=trust, progress=progress)
    seconds = seconds_since(begun)
    trusted = may_run(bundle, store)
    tell(str(bundle.tag), {**named(bundle), "trusted": trusted, "seconds": seconds}, as_json=as_json)
    if not trusted:
        hint_at_trust(store_path, "bento", "unpack", str(file))
