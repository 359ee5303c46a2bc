"""`bento run`: call an api from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import InvalidInput
from ..answers import Answers, check_lines, output_place
from ..command import Command, Keys, key_option, open_store, store_option, trust_option
from ..errors import sentence
from ..items import Item
from ..lines import Lines, ask_lines

if TYPE_CHECKING:
    from ...service import Service


class _RunCommand(Command):
    """Lets `--input`, `--input-file` and `--input-lines` take all values up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        option: str | None = None
        for argument in args:
            if argument in ("--input", "--input-file", "--input-lines"):
                option = argument
            elif option is None or argument.startswith("--"):
                option = None
                spread.append(argument)
            else:
                spread.append(f"{option}={argument}")
        return super().parse_args(ctx, spread)


@click.command(
    cls=_RunCommand,
    examples="""
    bento run iris predict --input '[[5.1, 3.5, 1.4, 0.2]]'
    bento run iris predict --input-file monday.json tuesday.npy
    bento run iris predict --input-file rows.npy --output species.npy
    bento run iris predict --input-lines rows.jsonl --output species.jsonl
    cat rows.json | bento run iris predict --input -
    """,
)
@click.argument("target", metavar="TAG|PATH|URL|MODULE:SERVICE")
@click.argument("api")
@click.option("--input", "values", multiple=True, metavar="VALUE...", help="Inputs as text; - reads standard input.")
@click.option("--input-file", "files", multiple=True, metavar="FILE...", help="Inputs, one in each file; the suffix gives their type.")
@click.option(
    "--input-lines",
    "lines",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE...",
    help="Inputs, one on each line of each file; - reads standard input.",
)
@click.option(
    "--content-type", default="", metavar="TYPE", help="The type of the inputs, instead of the one that the suffix or the api gives."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=output_place,
    metavar="FILE",
    help="Where to write the answers; the suffix gives their type, - is standard output.",
)
@key_option
@trust_option
@store_option
@click.pass_context
def command(  # noqa: PLR0913 - one for each option
    ctx: click.Context,
    target: str,
    api: str,
    *,
    values: tuple[str, ...],
    files: tuple[str, ...],
    lines: tuple[str, ...],
    content_type: str,
    output: Path | None,
    keys: Keys,
    trust: bool,
    store_path: Path | None,
) -> None:
    """Call a service without a server.

    Prints one line for each input, in order. Exits with 1 if any input failed.
    """
    if (bool(values), bool(files), bool(lines)).count(True) != 1:
        raise click.UsageError("expected --input VALUE..., --input-file FILE... or --input-lines FILE...")
    if lines:
        check_lines(output, lines)
    from ...serving import resolve

    service = resolve(target, store=open_store(store_path), trust=trust, keys=keys).load()
    if api not in service.apis:
        raise InvalidInput(f"{service.name} has no api {api!r}: its apis are {', '.join(service.apis) or 'none'}")
    debug = bool(ctx.meta["debug"])
    service.setup()
    try:
        if lines:
            failures = ask_lines(service, api, Lines(lines), content_type, output, debug=debug)
        else:
            items = [Item(text, bool(files), content_type) for text in values or files]
            failures = _ask(service, api, items, Answers(output, several=len(items) > 1), debug=debug)
    finally:
        service.close()
    if failures:
        ctx.exit(1)


def _ask(service: Service, api: str, items: list[Item], answers: Answers, *, debug: bool) -> int:
    """Write each item's answer, or say on standard error why there is none; returns the number of failures."""
    from ...serving import answer

    failures = 0
    for number, item in enumerate(items, 1):
        try:
            line = answers.line(answer(service, api, item.read(), answers.accept))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if debug:
                raise
            failures += 1
            answers.skip()
            click.echo(f"item {number}{item.label}: {sentence(error)}{item.hint}", err=True)
        else:
            answers.put(line)
    answers.close()
    return failures
