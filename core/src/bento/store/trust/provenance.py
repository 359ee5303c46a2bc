"""Provenance: who made a bundle, from what, when and where, as far as that is known, and why it is trusted here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...bundle.manifest.paths import LOCK, SBOM
from ...bundle.signing.identity import Identity
from ...bundle.signing.signatures import Signature, read_signatures
from ...bundle.signing.sigstore_library import claims, has_library
from ...errors import SigningError, UntrustedError
from ..local import store_of
from ..notes import ORIGINS, read_note
from .keyring import named_signers
from .trust import check_trust, made_with, trusted_how

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...bundle import Bundle
    from ...bundle.signing.signatures import AnySignature
    from ..local import Store
    from .verdict import Signer


def provenance(bundle: Bundle, store: Store | None = None) -> dict[str, Any]:
    """What the manifest says, which is the same everywhere; whether the signatures are valid; and what this store has noted."""
    manifest = bundle.manifest
    digests = {file.path: file.sha256 for file in manifest.files}
    return {
        "tag": str(bundle.tag),
        "fingerprint": bundle.fingerprint,
        "created": manifest.created,
        "bento": made_with(bundle).removeprefix("bento-core "),
        "python": manifest.python,
        "platform": manifest.platform,
        "service": manifest.service,
        "code": manifest.code.plain() if manifest.code else None,
        "sbom": _file(SBOM, digests),
        "lock": _file(LOCK, digests),
        "signatures": told_signatures(bundle, store),
        "origin": _origin(bundle),
        "trusted": _trusted(bundle, store),
    }


def _file(path: str, digests: Mapping[str, str]) -> dict[str, str] | None:
    return {"path": path, "sha256": digests[path]} if path in digests else None


def _origin(bundle: Bundle) -> dict[str, str] | None:
    """Where a bundle came from, as noted by the store that holds it; outside a store, a folder may lie right below the root."""
    above = list(bundle.path.parents)[2:3]
    return dict(read_note(above[0], ORIGINS, bundle.fingerprint)) or None if above else None


def _trusted(bundle: Bundle, store: Store | None) -> dict[str, str] | None:
    """Why its code may run here; None if it may not."""
    noted = {name: value for name, value in trusted_how(bundle, store).items() if name != "tag"}
    if noted:
        return noted
    try:
        check_trust(bundle, store=store)
    except (UntrustedError, SigningError):
        return None
    return {"how": "signed"}


def told_signatures(bundle: Bundle, store: Store | None) -> list[dict[str, Any]]:
    """What each signature beside a bundle proves to the owner of this store."""
    signatures = read_signatures(bundle)
    signers = named_signers(store_of(store).root) if signatures else {}
    return [_signature(each, bundle, signers) for each in signatures]


def _signature(signature: AnySignature, bundle: Bundle, signers: Mapping[Signer, str]) -> dict[str, Any]:
    """The signer that a signature claims, the file in the folder of keys that names the signer, and whether it holds, None if unknown."""
    if isinstance(signature, Signature):
        return {"key": signature.key.id, "holds": signature.fits(bundle.fingerprint), "file": signers.get(signature.key)}
    claimed = (claims(signature) if has_library() else None) or (None, None)
    told = {"identity": claimed[0], "issuer": claimed[1]}
    for signer, file in signers.items():
        if isinstance(signer, Identity) and claimed == (signer.name, signer.issuer):
            return {**told, "holds": signer.fault(signature, bundle.fingerprint) is None, "file": file}
    return {**told, "holds": None, "file": None}
