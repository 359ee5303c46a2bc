"""`bento sign`: vouch for a bundle, so that it may run wherever the key is known."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Command, open_store, store_option


@click.command(
    cls=Command,
    examples="""
    bento sign --new-key release.key          # and its public key, release.pub
    bento sign iris:latest --key release.key
    """,
)
@click.argument("target", metavar="[TAG|PATH]", default="")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="The private key to sign with.")
@click.option("--new-key", type=click.Path(path_type=Path), metavar="FILE", help="Write a new private key, and its public key beside it.")
@store_option
def command(target: str, *, key: Path | None, new_key: Path | None, store_path: Path | None) -> None:
    """Sign a bundle, or make a key to sign with.

    The bundle is verified first. Its signature goes wherever it goes, and says that
    every byte is what the owner of the key has seen.
    """
    if (key is None) == (new_key is None) or (key and not target):
        raise click.UsageError("expected a tag and --key FILE, or --new-key FILE: bento sign iris:latest --key release.key")
    if new_key:
        _make(new_key)
    if target:
        _sign(target, key or new_key or Path(), store_path)


def _make(file: Path) -> None:
    from ..bundle.keys import new_key, read_public_key

    public = new_key(file)
    click.echo(f"{file} is the private key: keep it to yourself")
    click.echo(f"{public} is the public key {read_public_key(public)}: give it to those who load what you sign")


def _sign(target: str, key: Path, store_path: Path | None) -> None:
    from ..store import find, sign

    store = open_store(store_path)
    bundle = find(target, store=store)
    click.echo(f"{bundle.tag} is signed by the key {sign(bundle, key, store=store)}")
