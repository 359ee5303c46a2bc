"""`bento verify`: whether a bundle is whole and unchanged, and who signed it."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ..command import Command, Keys, json_option, key_option, open_store, progress_bar, seconds_since, store_option
from ..facts import named
from ..output import print_json, size_text


@click.command(
    cls=Command,
    examples="""
    bento verify iris:latest
    bento verify ./iris-20261122T101500-3f9a1c
    bento verify iris:latest --key release.pub
    bento verify iris:latest --identity ann@example.com --issuer https://accounts.google.com
    """,
)
@click.argument("target", metavar="TAG|PATH|URL")
@key_option
@click.option(
    "--signature",
    "signatures",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A signature that is kept elsewhere, such as one made by cosign; repeatable.",
)
@json_option
@store_option
def command(target: str, *, keys: Keys, signatures: tuple[Path, ...], as_json: bool, store_path: Path | None) -> None:
    """Check that a bundle is whole and unchanged.

    Compares every file with the manifest; none of the bundle's code runs.
    """
    from ...bundle.signing.signatures import read_signature
    from ...store import check_signed, find, verify
    from ...store.trust.provenance import told_signatures

    if signatures and not keys:
        raise click.UsageError("expected the signer to check for: --key FILE, or --identity NAME and --issuer URL")
    also = [read_signature(file) for file in signatures]
    begun, store = time.monotonic(), open_store(store_path)
    bundle = find(target, store=store)
    with progress_bar(f"verifying {bundle.tag}", bundle.size) as progress:
        verify(bundle, progress, store=store)
    if not as_json:
        click.echo(f"{bundle.tag} is whole: {len(bundle.manifest.files)} files, {size_text(bundle.size)}, sha256:{bundle.digest}")
    signer = check_signed(bundle, keys, also) if keys else None
    if as_json:
        worth = {"signed_by": signer, "signatures": told_signatures(bundle, store)}
        print_json({**named(bundle), **worth, "seconds": seconds_since(begun)})
    elif signer:
        click.echo(f"{bundle.tag} is signed by {signer}")
