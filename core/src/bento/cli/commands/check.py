"""`bento check`: whether a service keeps its promises to clients."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import ServerError
from ..command import Command, Keys, answer_by_status, json_option, key_option, open_store, store_option, trust_option
from ..output import print_json, print_table

if TYPE_CHECKING:
    from ...testing import Check, ServiceTests

_COLOURS = {"ok": "green", "failed": "red", "left out": "yellow"}


@click.command(
    cls=Command,
    examples="""
    bento check iris:latest
    bento check iris:service --draws 500
    """,
)
@click.argument("target", metavar="TAG|PATH|URL|MODULE:SERVICE")
@click.option("--draws", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="How many requests each check draws.")
@json_option
@key_option
@trust_option
@store_option
@click.pass_context
def command(ctx: click.Context, target: str, *, draws: int, as_json: bool, keys: Keys, trust: bool, store_path: Path | None) -> None:
    """Check that a service keeps its promises to clients.

    Sends requests of the kind that its apis declare, and checks that none makes it fail, that concurrent requests get the same answers as
    single ones, that answers match the OpenAPI document, and that golden examples hold. Exits with 1 if a check fails, and with 2 if the
    checks cannot be run.
    """
    answer_by_status(ctx)
    checks = list(_run(_tests(target, draws, trust=trust, keys=keys, store_path=store_path), target))
    if as_json:
        print_json([_record(check) for check in checks])
    else:
        _print(checks)
    if any(check.result == "failed" for check in checks):
        ctx.exit(1)


def _tests(target: str, draws: int, *, keys: Keys, trust: bool, store_path: Path | None) -> type[ServiceTests]:
    """The kit's test class for a service, which is loaded now."""
    try:
        from ...testing import ServiceTests
    except ModuleNotFoundError as error:
        raise ServerError(f"checking a service needs {error.name!r}, of an extra: pip install 'bento-core[testing]'") from error
    from ...serving import resolve

    found = resolve(target, store=open_store(store_path), trust=trust, keys=keys)
    loaded = (found.load(), found.examples())
    return type("Checked", (ServiceTests,), {"max_examples": draws, "_loaded": lambda _: loaded, "_bounds": lambda _: {"database": None}})


def _run(tests: type[ServiceTests], title: str) -> Iterator[Check]:
    """Run the checks, and yield the result of each."""
    from ...testing import run_checks
    from ...testing._check import tests_of
    from ...testing._service import without_traces

    names = tests_of(tests)
    with without_traces(), click.progressbar(names, label=f"checking {title}", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for name in bar:
            yield from run_checks(tests, [name])


def _advice(check: Check) -> str:
    return str(getattr(check.error, "advice", check.reason))


def _curl(check: Check) -> str:
    """The smallest request found that makes a check fail, as a curl command."""
    return str(getattr(check.error, "curl", ""))


def _record(check: Check) -> dict[str, object]:
    return {"check": check.rule, "result": check.result, "reason": _advice(check), "curl": _curl(check), "seconds": check.seconds}


def _print(checks: list[Check]) -> None:
    """Print a table, and below it each failure with a request that shows it."""
    print_table(("CHECK", "RESULT"), [(check.rule, click.style(check.result, fg=_COLOURS[check.result])) for check in checks])
    for check in checks:
        if check.reason:
            click.echo(f"\n{click.style(check.rule, bold=True)}: {_advice(check)}")
        for line in _curl(check).splitlines():
            click.echo(f"  {line}")
