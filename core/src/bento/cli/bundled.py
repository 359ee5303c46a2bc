"""The command of a bundle that was installed as a wheel: bento's own commands, with the bundle filled in."""

from __future__ import annotations

import copy
import hashlib
import logging
import zipfile
from typing import TYPE_CHECKING, Any

import click

from ..bundle.manifest.formats import read_manifest
from ..bundle.manifest.paths import MANIFEST
from ..errors import NotFound
from .command import Command
from .main import Commands

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle import Bundle
    from ..bundle.manifest.manifest import Manifest
    from ..service import Service

log = logging.getLogger(__name__)

# Installing code means trusting it; the other options make no sense for a single bundle.
_SETTLED = {"trust": True, "keys": (), "identity": None, "issuer": None, "trusted_root": None, "store_path": None, "reload": False}
_EXAMPLES = {
    "openapi": "{name} openapi > openapi.json",
    "run": "{name} run {api} --input-file FILE",
    "serve": "{name} serve --port 8080 --workers 4",
    "show": "{name} show --json",
}


def main(file: Path) -> None:
    """Run the command line of the bundle in a `.bento` file; exits as `bento` does."""
    group = _BundleCommands(file, read_manifest(_content(file)))
    group(prog_name=group.name)


def load(file: Path) -> Service:
    """The service of the bundle in a `.bento` file."""
    from ..store import load as load_bundle

    return load_bundle(take_in(file), trust=True)


def take_in(file: Path) -> Bundle:
    """The bundle in a `.bento` file, taken into the usual store if it is not there yet, because a bundle is served from its folder."""
    from ..store import Store

    content, store = _content(file), Store()
    manifest = read_manifest(content)
    try:
        bundle = store.get(f"{manifest.name}:{manifest.version}")
    except NotFound:
        log.info("taking %s:%s into the store", manifest.name, manifest.version)
        return store.unpack(file, trust=True)
    return bundle if bundle.fingerprint == hashlib.sha256(content).hexdigest() else store.unpack(file, trust=True)


def _content(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(MANIFEST)


class _BundleCommands(Commands):
    """bento's commands that use a bundle, without the argument that names it."""

    def __init__(self, file: Path, manifest: Manifest) -> None:
        tag = f"{manifest.name}:{manifest.version}"
        super().__init__(
            manifest.name,
            help=manifest.doc or f"Ask or serve {tag}.",
            callback=_begin,
            params=[click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.")],
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        )
        click.version_option(tag, message="%(version)s")(self)
        self._file, self._manifest = file, manifest

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_EXAMPLES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name) if cmd_name in _EXAMPLES else None
        return self._bind(cmd_name, command) if isinstance(command, Command) else None

    def _bind(self, name: str, command: Command) -> Command:
        bound, callback = copy.copy(command), command.callback
        settled = {key: value for key, value in _SETTLED.items() if key in {option.name for option in command.params}}
        api = next((api.name for api in self._manifest.apis), "API")

        def call(*args: Any, **kwargs: Any) -> Any:
            return callback(*args, target=str(take_in(self._file).path), **settled, **kwargs) if callback else None

        bound.params = [option for option in command.params if option.name not in {"target", *settled}]
        bound.callback = call
        bound.help = (command.help or "").partition("\n\n")[0]
        bound.examples = _EXAMPLES[name].format(name=self.name, api=api)
        return bound


@click.pass_context
def _begin(ctx: click.Context, *, debug: bool) -> None:
    ctx.meta["debug"] = debug
