"""`bento sign`: vouch for a bundle, so that it may run wherever the key or the identity is trusted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ..command import Command, json_option, open_store, store_option
from ..facts import named
from ..output import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...bundle.signing.identity import Identity
    from ...bundle.signing.identity_token import IdentityToken
    from ...bundle.signing.keys import PublicKey
    from ...store import Store

    Told = Iterator[tuple[str, dict[str, object]]]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TOKEN = "SIGSTORE_IDENTITY_TOKEN"  # noqa: S105 - the variable that Sigstore's own program reads, too


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
@click.option("--sigstore", is_flag=True, help="Sign as an identity, without a key, through Sigstore, whose log is public.")
@click.option(
    "--identity-token",
    type=click.File(),
    metavar="FILE",
    help=f"The signer's OpenID Connect token, instead of {_TOKEN} or the CI job's token; - reads standard input.",
)
@click.option("--trust-config", type=_FILE, metavar="FILE", help="The services of a Sigstore other than the public one.")
@click.option("--signature", type=_FILE, metavar="FILE", help="Add a signature that was made elsewhere, such as by cosign.")
@json_option
@store_option
def command(  # noqa: PLR0913 - one for each option
    target: str,
    *,
    key: Path | None,
    new_key: Path | None,
    sigstore: bool,
    identity_token: IO[str] | None,
    trust_config: Path | None,
    signature: Path | None,
    as_json: bool,
    store_path: Path | None,
) -> None:
    """Sign a bundle, or make a key to sign with.

    The bundle is verified first. The signature stays with the bundle wherever it goes, and proves that every byte is what the signer has
    seen.
    """
    if sum(map(bool, (key, new_key, sigstore, signature))) != 1 or not (target or new_key):
        raise click.UsageError(
            "expected a tag and one of --key FILE, --sigstore and --signature FILE, or --new-key FILE: "
            "bento sign iris:latest --key release.key"
        )
    if (identity_token or trust_config) and not sigstore:
        raise click.UsageError("expected --sigstore with --identity-token and --trust-config: no other signature takes them")
    store = open_store(store_path)
    document: dict[str, object] = {}
    for text, part in _done(target, key, new_key, _token(identity_token, trust_config) if sigstore else None, signature, store):
        document |= part
        if not as_json:
            click.echo(text)
    if as_json:
        print_json(document)


def _token(file: IO[str] | None, trust_config: Path | None) -> IdentityToken:
    from ...bundle.signing.identity_token import IdentityToken

    return IdentityToken(file.read() if file else os.environ.get(_TOKEN), trust_config=trust_config)


def _done(
    target: str, key: Path | None, new: Path | None, token: IdentityToken | None, signature: Path | None, store: Store | None
) -> Told:
    """Do what was asked, and yield for each step a sentence, and its part of the JSON document."""
    if new:
        yield from _make(new)
    if signature:
        yield _attach(target, signature, store)
    elif target:
        yield _sign(target, token or key or new or Path(), store)


def _make(file: Path) -> Told:
    from ...bundle.signing.keys import new_key, read_public_key

    public = new_key(file)
    known = read_public_key(public)
    yield f"{file} is the private key: keep it to yourself", {}
    told: dict[str, object] = {"new_key": {"key": known.id, "private": str(file), "public": str(public)}}
    yield f"{public} is the public key {known}: give it to those who load what you sign", told


def _sign(target: str, secret: Path | IdentityToken, store: Store | None) -> tuple[str, dict[str, object]]:
    from ...store import find
    from ...store.signing import vouch

    bundle = find(target, store=store)
    signer = vouch(bundle, secret, store)
    return f"{bundle.tag} is signed by {_called(signer)}", {**named(bundle), "signature": _record(signer)}


def _attach(target: str, file: Path, store: Store | None) -> tuple[str, dict[str, object]]:
    from ...store import attach, find

    bundle = find(target, store=store)
    attach(bundle, file, store=store)
    said = f"{bundle.tag} has the signature {file} beside it: `bento verify` tells whose it is"
    return said, {**named(bundle), "signature": None}


def _record(signer: PublicKey | Identity) -> dict[str, str]:
    from ...bundle.signing.keys import PublicKey

    return {"key": signer.id} if isinstance(signer, PublicKey) else {"identity": signer.name, "issuer": signer.issuer}


def _called(signer: PublicKey | Identity) -> str:
    from ...bundle.signing.keys import PublicKey

    return f"the key {signer}" if isinstance(signer, PublicKey) else str(signer)
