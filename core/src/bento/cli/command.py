"""What bento's commands have in common: examples in the help, `--debug`, and the options that several commands take."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ..errors import DefinitionError
from .errors import NoAnswer
from .output import size_text

if TYPE_CHECKING:
    from ..bundle import Bundle
    from ..bundle.files.hashing import Progress
    from ..bundle.signing.identity import Identity
    from ..store import Store

Keys: TypeAlias = "tuple[Path | Identity, ...]"
"""Who must have signed a bundle: files of keys and of identities, and identities."""


class Command(click.Command):
    """A command with `--debug` of its own and its `examples` at the end of its help."""

    def __init__(self, *args: Any, examples: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params.append(click.Option(["--debug"], is_flag=True, expose_value=False, callback=_note_debug, help="Show tracebacks."))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SystemExit as error:
            # Else the status would be whatever the code of a service has chosen: 0, as if all had been done.
            raise DefinitionError(f"the code of a service ended this process: {error!r}") from error

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            for line in self.examples.strip().splitlines():
                formatter.write(f"{'':{formatter.current_indent}}{line.strip()}\n")


class CommandGroup(Command, click.Group):
    """A command whose sub-commands do the work."""


def _note_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta["debug"] = True


def answer_by_status(ctx: click.Context) -> None:
    """Reserve the exit status 1 for the answer no, and exit with 2 on errors, as diff and grep do."""
    ctx.meta["failure"] = NoAnswer


def open_store(path: Path | None) -> Store | None:
    """The store that `--store` names; None for the usual one."""
    from ..store import Store

    return Store(path) if path else None


def parse_labels(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """The labels that `--label` options give, as a callback of the option."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not (name and equals):
            raise click.BadParameter(f"{name + equals + value!r} is not a label: write --label NAME=VALUE")
    return distinct("label", [(name, value) for name, _, value in pairs])


def distinct(what: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The names and values of a repeated option; a name that is given twice is an error."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise click.UsageError(f"{what} {name!r} is given twice, as {given[name]!r} and {value!r}: leave one out")
        given[name] = value
    return given


store_option = click.option(
    "--store",
    "store_path",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="The folder of the store, instead of BENTO_HOME.",
)
label_option = click.option(
    "--label", "labels", multiple=True, callback=parse_labels, metavar="NAME=VALUE", help="Only bundles with this label; repeatable."
)
trust_option = click.option("--trust", is_flag=True, help="Run the code of a bundle that was made elsewhere.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SIGNERS = (
    click.option(
        "--key",
        "keys",
        multiple=True,
        type=_FILE,
        metavar="FILE",
        help="Require a signature by this public key, or by the identity in this file; if repeated, by any of them.",
    ),
    click.option("--identity", metavar="NAME", help="Require a signature, through Sigstore, under this name."),
    click.option("--issuer", metavar="URL", help="Who vouches for the name, such as https://accounts.google.com."),
    click.option("--trusted-root", type=_FILE, metavar="FILE", help="The root of trust of a Sigstore other than the public one."),
)


def key_option(function: Callable[..., None]) -> Callable[..., None]:
    """The options that name who must have signed a bundle; the command gets all of them as `keys`."""

    @wraps(function)
    def command(
        *args: Any, keys: tuple[Path, ...], identity: str | None, issuer: str | None, trusted_root: Path | None, **kwargs: Any
    ) -> None:
        function(*args, keys=(*keys, *_identities(identity, issuer, trusted_root)), **kwargs)

    for option in reversed(_SIGNERS):
        command = option(command)
    return command


def _identities(identity: str | None, issuer: str | None, trusted_root: Path | None) -> tuple[Identity, ...]:
    if identity is None and issuer is None and trusted_root is None:
        return ()
    if not (identity and issuer):
        raise click.UsageError("expected --identity NAME and --issuer URL together: the name alone could be anybody's")
    from ..bundle.signing.identity import Identity

    return (Identity(identity, issuer=issuer, trusted_root=trusted_root),)


def seconds_since(begun: float) -> float:
    """The seconds since a time of `time.monotonic`, rounded to milliseconds for JSON output."""
    return round(time.monotonic() - begun, 3)


def may_run(bundle: Bundle, store: Store | None) -> bool:
    """Whether the code of a bundle from elsewhere may run here."""
    from ..errors import UntrustedError
    from ..store import check_trust

    try:
        check_trust(bundle, store=store)
    except UntrustedError:
        return False
    return True


def hint_at_trust(store_path: Path | None, *command: str) -> None:
    """Say how to trust a bundle whose code may not run here yet: with the same command, for the same store, and `--trust`."""
    store = ["--store", str(store_path)] if store_path else []
    again = shlex.join([*command, *store, "--trust"])
    click.echo(f"its code may not run here yet: '{again}' allows it, once you know who made it", err=True)


@contextmanager
def progress_bar(label: str, size: int, *, hidden: bool = False) -> Iterator[Progress]:
    """A bar on standard error, in a terminal only; its value is called with how many of `size` bytes are done."""

    def moved(done: int | None) -> str:
        return f"{size_text(done or 0)} of {size_text(size)}"

    with click.progressbar(
        length=size,
        label=label,
        file=sys.stderr,
        hidden=hidden or not sys.stderr.isatty(),
        width=0,
        # Bytes come in bursts, of small files and of large parts: click would predict hours for what takes seconds.
        show_eta=False,
        item_show_func=moved,
    ) as bar:
        yield lambda done: bar.update(done - bar.pos, done)
