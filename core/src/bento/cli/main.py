"""`bento` itself: imports commands on use, and turns errors into a sentence and an exit code."""

from __future__ import annotations

import logging
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from .errors import Failure, NoAnswer, PlainFormatter, is_told_once, sentence
from .streams import let_go, print_anything, replace_closed
from .variables import warn_of_misspelt

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_COMMANDS = (
    "cache",
    "check",
    "delete",
    "diff",
    "doctor",
    "list",
    "new",
    "openapi",
    "pack",
    "plugins",
    "pull",
    "push",
    "run",
    "save",
    "serve",
    "show",
    "sign",
    "unpack",
    "verify",
)


class Commands(click.Group):
    """bento's own commands, each imported on use, and those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *_brought()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            command = import_module(f".commands.{cmd_name}", __package__).command
            return command if isinstance(command, click.Command) else None
        return _brought().get(cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not (name.startswith("-") or ctx.resilient_parsing) and not self.get_command(ctx, name):
            nearest = get_close_matches(name, self.list_commands(ctx), 1)
            way_out = f"did you mean {nearest[0]!r}" if nearest else f"'{ctx.command_path} --help' lists them"
            ctx.fail(f"no command named {name!r}: {way_out}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        handler = logging.StreamHandler()
        handler.setFormatter(PlainFormatter("%(message)s"))
        handler.addFilter(lambda record: bool(ctx.meta.get("debug")) or is_told_once(record))
        logging.basicConfig(level=logging.WARNING, handlers=[handler])
        warn_of_misspelt(os.environ)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except (click.Abort, KeyboardInterrupt) as error:
            if "failure" not in ctx.meta:
                raise
            # click would exit with 1.
            click.echo("\nAborted!", err=True)
            raise click.exceptions.Exit(NoAnswer.exit_code) from error
        except Exception as error:
            raise ctx.meta.get("failure", Failure)(error, debug=ctx.meta.get("debug", False)) from error


def _brought() -> dict[str, click.Command]:
    """Plugins' commands by name; one that is named like a command of bento's own is never called."""
    from ..registry import installed

    brought: dict[str, click.Command] = {}
    for command in installed().commands():
        if isinstance(command, click.Command) and command.name:
            brought[command.name] = command
        else:
            log.warning("a plugin brings %r as a command: expected a click.Command with a name", command)
    return brought


@click.command(
    cls=Commands,
    epilog="Bundles are kept in the folder that BENTO_HOME names, ~/.bento by default. 'bento COMMAND --help' shows examples.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="bento", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def bento(ctx: click.Context, *, debug: bool) -> None:
    """Turn a trained model into a production endpoint."""
    ctx.meta["debug"] = debug


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with 0, with 1 if it failed, or with 2 if it was called wrongly or has no answer."""
    replace_closed()
    print_anything()
    try:
        bento(arguments, prog_name="bento")
    except OSError as error:
        # Help, a version or a completion could not be printed. Errors of commands are handled already.
        click.echo(f"Error: {sentence(error)}", err=True)
        sys.exit(1)
    finally:
        # An error has already reported what could not be printed.
        let_go(sys.stdout)
