"""`bento doctor`: whether a bundle would run on this machine, and what differs here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..command import Command, answer_by_status, json_option, open_store, store_option
from ..output import print_json, print_table

if TYPE_CHECKING:
    from ...bundle import Bundle
    from ...bundle.examining.finding import Finding
    from ...store import Store

_COLOURS = {"ok": "green", "differs": "yellow", "missing": "red", "unknown": "yellow"}


@click.command(
    cls=Command,
    examples="""
    bento doctor iris
    bento doctor ./iris-20261122T101500-3f9a1c --json
    """,
)
@click.argument("target", metavar="TAG|PATH|URL")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, target: str, *, as_json: bool, store_path: Path | None) -> None:
    """Show what a bundle lacks on this machine.

    Compares Python, the platform, packages, plugins, system libraries and a GPU with the manifest; none of the bundle's code runs. Exits
    with 1 if something that is missing would stop the bundle from being loaded, and with 2 if it cannot be checked.
    """
    from ...store import find

    answer_by_status(ctx)
    store = open_store(store_path)
    bundle = find(target, store=store)
    findings = list(_findings(bundle, store))
    loads = all(finding.result != "missing" for finding in findings)
    if as_json:
        print_json({"tag": str(bundle.tag), "loads": loads, "findings": [asdict(finding) for finding in findings]})
    else:
        _print(bundle, findings)
    if not loads:
        ctx.exit(1)


def _findings(bundle: Bundle, store: Store | None) -> Iterator[Finding]:
    from ...bundle.examining.examine import examine

    yield _files(bundle, store)
    yield _trust(bundle, store)
    yield from examine(bundle)


def _files(bundle: Bundle, store: Store | None) -> Finding:
    from ...bundle.examining.finding import Finding
    from ...errors import BundleError
    from ...store import verify

    try:
        verify(bundle, store=store)
    except BundleError as error:
        return Finding("files", "", "whole", "damaged", "missing", str(error))
    return Finding("files", "", "whole", "whole", "ok")


def _trust(bundle: Bundle, store: Store | None) -> Finding:
    from ...bundle.examining.finding import Finding
    from ...errors import UntrustedError
    from ...store import check_trust

    try:
        check_trust(bundle, store=store)
    except UntrustedError as error:
        return Finding("trust", "", "yes", "no", "differs", str(error))
    return Finding("trust", "", "yes", "yes", "ok")


def _print(bundle: Bundle, findings: list[Finding]) -> None:
    """Print a table, and below it what to do."""
    from ...bundle.manifest.paths import LOCK, REQUIREMENTS

    print_table(
        ("WHAT", "BUNDLE", "HERE", "RESULT"),
        [
            (f"{each.kind} {each.name}".strip(), each.wanted, each.here, click.style(each.result, fg=_COLOURS[each.result]))
            for each in findings
        ],
    )
    advice = [f"{each.kind} {each.name}".strip() + f": {each.advice}" for each in findings if each.advice]
    if any(each.kind == "package" and each.result != "ok" for each in findings):
        file, option = (LOCK, " --require-hashes") if bundle.manifest.is_locked else (REQUIREMENTS, "")
        advice.append(f"packages: pip install{option} --requirement {bundle.path / file}")
    click.echo("".join(f"\n{line}" for line in advice) or f"\n{bundle.tag} finds everything here")
