"""`bento pack`: turn a bundle into something that ships."""

from __future__ import annotations

import time
from inspect import signature
from pathlib import Path

import click

from ..command import Command, distinct, json_option, open_store, progress_bar, seconds_since, store_option
from ..output import print_json, print_table, tell

_RESERVED = frozenset({"store", "progress"})


@click.command(
    cls=Command,
    examples="""
    bento pack --list
    bento pack iris:latest archive iris.bento
    bento pack iris:latest docker ./image
    """,
)
@click.argument("target", metavar="TAG|PATH|URL", required=False)
@click.argument("packer", required=False)
@click.argument("out", type=click.Path(path_type=Path), required=False)
@click.option("options", "-o", "--option", multiple=True, metavar="NAME=VALUE", help="An option of the packer; repeatable.")
@click.option("show_list", "--list", is_flag=True, help="List the installed packers.")
@json_option
@store_option
def command(
    target: str | None,
    packer: str | None,
    out: Path | None,
    *,
    options: tuple[str, ...],
    show_list: bool,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Pack a bundle into something that ships.

    `bento pack --list` shows the packers that PACKER can name. OUT must not exist yet.
    """
    if show_list:
        _list(as_json=as_json)
        return
    if target is None or packer is None or out is None:
        raise click.UsageError(
            "expected a tag, a packer and where to write: bento pack iris:latest archive iris.bento, or bento pack --list"
        )
    from ...store import find, pack

    begun, store = time.monotonic(), open_store(store_path)
    bundle = find(target, store=store)
    with progress_bar(f"packing {bundle.tag}", bundle.size) as progress:
        written = pack(bundle, packer, out, store=store, progress=progress, **_parse(options))
    what = {"tag": str(bundle.tag), "fingerprint": bundle.fingerprint, "packer": packer}
    document = {"path": str(written), **what, "seconds": seconds_since(begun)}
    tell(str(written), document, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from ...registry import installed

    packers = [(name, packer.summary, list(signature(packer).parameters)) for name, packer in sorted(installed().packers.items())]
    if as_json:
        print_json([{"name": name, "summary": summary, "options": options} for name, summary, options in packers])
    else:
        print_table(("PACKER", "MAKES", "OPTIONS"), [(name, summary, ", ".join(options)) for name, summary, options in packers])


def _parse(options: tuple[str, ...]) -> dict[str, str]:
    return distinct("option", map(_pair, options))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and name.isidentifier()) or name in _RESERVED:
        raise click.UsageError(f"{text!r} is not an option of a packer: write -o NAME=VALUE")
    return name, value
