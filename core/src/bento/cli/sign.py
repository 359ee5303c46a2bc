"""`bento sign`: vouch for a bundle, so that it may run wherever the key, or who signs, is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from .command import Command, open_store, store_option

if TYPE_CHECKING:
    from ..store import Store

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TOKEN = "SIGSTORE_IDENTITY_TOKEN"  # noqa: S105 - where Sigstore's own program looks for it, too


@click.command(
    cls=Command,
    examples="""
    bento sign --new-key release.key          # and its public key, release.pub
    bento sign iris:latest --key release.key
    bento sign iris:latest --sigstore         # in a CI job, as that job
    bento sign iris:latest --signature iris.sigstore.json
    """,
)
@click.argument("target", metavar="[TAG|PATH]", default="")
@click.option("--key", type=_FILE, metavar="FILE", help="The private key to sign with.")
@click.option("--new-key", type=click.Path(path_type=Path), metavar="FILE", help="Write a new private key, and its public key beside it.")
@click.option("--sigstore", is_flag=True, help="Sign as an identity, without a key, by way of Sigstore, whose log is public.")
@click.option(
    "--identity-token",
    type=click.File(),
    metavar="FILE",
    help=f"What says who signs, instead of {_TOKEN} or the CI job: an OpenID Connect token; - reads standard input.",
)
@click.option("--trust-config", type=_FILE, metavar="FILE", help="The services of another Sigstore than the public one.")
@click.option("--signature", type=_FILE, metavar="FILE", help="Put a signature that was made elsewhere, such as by cosign, beside it.")
@store_option
def command(
    target: str,
    *,
    key: Path | None,
    new_key: Path | None,
    sigstore: bool,
    identity_token: IO[str] | None,
    trust_config: Path | None,
    signature: Path | None,
    store_path: Path | None,
) -> None:
    """Sign a bundle, or make a key to sign with.

    The bundle is verified first. Its signature goes wherever it goes, and says that
    every byte is what who signed has seen.
    """
    if sum(map(bool, (key, new_key, sigstore, signature))) != 1 or not (target or new_key):
        raise click.UsageError(
            "expected a tag and one of --key FILE, --sigstore and --signature FILE, or --new-key FILE: "
            "bento sign iris:latest --key release.key"
        )
    if (identity_token or trust_config) and not sigstore:
        raise click.UsageError("expected --sigstore with --identity-token and --trust-config: no other signature takes them")
    store = open_store(store_path)
    if sigstore:
        _sign_by_identity(target, identity_token, trust_config, store)
    elif signature:
        _attach(target, signature, store)
    else:
        if new_key:
            _make(new_key)
        if target:
            _sign(target, key or new_key or Path(), store)


def _make(file: Path) -> None:
    from ..bundle.keys import new_key, read_public_key

    public = new_key(file)
    click.echo(f"{file} is the private key: keep it to yourself")
    click.echo(f"{public} is the public key {read_public_key(public)}: give it to those who load what you sign")


def _sign(target: str, key: Path, store: Store | None) -> None:
    from ..store import find, sign

    bundle = find(target, store=store)
    click.echo(f"{bundle.tag} is signed by the key {sign(bundle, key, store=store)}")


def _sign_by_identity(target: str, file: IO[str] | None, trust_config: Path | None, store: Store | None) -> None:
    from ..bundle.identity_token import IdentityToken
    from ..store import find, sign

    text = file.read() if file else os.environ.get(_TOKEN)
    bundle = find(target, store=store)
    click.echo(f"{bundle.tag} is signed by {sign(bundle, IdentityToken(text, trust_config=trust_config), store=store)}")


def _attach(target: str, file: Path, store: Store | None) -> None:
    from ..store import attach, find

    bundle = find(target, store=store)
    attach(bundle, file, store=store)
    click.echo(f"{bundle.tag} has the signature {file} beside it: `bento verify` tells by whom it is")
