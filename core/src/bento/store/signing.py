"""Signing: verify a bundle and vouch for it, so that it may run wherever the signer is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import bundle as bundles
from ..bundle.sbom import check_sbom
from ..bundle.signing.identity_token import IdentityToken
from ..bundle.signing.keys import read_private_key
from ..bundle.signing.signatures import add_signatures, make_signature, read_signature
from ..errors import SigningError
from .ledger import ledger_of
from .local import store_of
from .root import refusing
from .usual import find

if TYPE_CHECKING:
    from ..bundle import Bundle
    from ..bundle.signing.identity import Identity
    from ..bundle.signing.keys import PublicKey
    from ..bundle.signing.signatures import AnySignature
    from ..tag import Tag
    from .local import Store


def sign(target: str | Path | Tag | Bundle, key: str | Path | IdentityToken, *, store: Store | None = None) -> str:
    """Verify a bundle, and sign it with the Ed25519 key in a PEM file, or through Sigstore with an identity token.

    Returns the fingerprint of the key, or the name and the issuer in the certificate. The signature is kept in the bundle's folder and
    travels with it. It covers every byte of the bundle.
    """
    return str(vouch(target, key, store))


def vouch(target: str | Path | Tag | Bundle, key: str | Path | IdentityToken, store: Store | None) -> PublicKey | Identity:
    """Sign a bundle, as `sign` does, and return the signer."""
    secret = key if isinstance(key, IdentityToken) else read_private_key(Path(key))
    bundle = _whole(target, store)
    if isinstance(secret, IdentityToken):
        signature, identity = secret.sign(bundle)
        _add(bundle, [signature], store)
        return identity
    _add(bundle, [make_signature(bundle, secret)], store)
    return secret.public


def attach(target: str | Path | Tag | Bundle, file: str | Path, *, store: Store | None = None) -> None:
    """Put a signature that was made elsewhere, such as with cosign, beside its bundle; who has signed is not checked here."""
    signature, bundle = read_signature(Path(file)), _whole(target, store)
    if not signature.fits(bundle.fingerprint):
        raise SigningError(
            f"{str(file)!r} is not a signature of {bundle.tag}: expected one of its bento.json, {bundle.path / 'bento.json'}"
        )
    _add(bundle, [signature], store)


def _whole(target: str | Path | Tag | Bundle, store: Store | None) -> Bundle:
    bundle = find(target, store=store)
    bundles.verify(bundle, ledger=ledger_of(store_of(store).root))
    check_sbom(bundle)
    return bundle


def _add(bundle: Bundle, signatures: Sequence[AnySignature], store: Store | None) -> None:
    with refusing(store_of(store).root, f"sign {bundle.tag}"):
        add_signatures(bundle, signatures)
