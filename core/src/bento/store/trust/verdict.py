"""Verdicts: whether a bundle is signed by one of some known keys and identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ...bundle.signing.identity import Identity, parse_identity
from ...bundle.signing.keys import PublicKey, read_key_file, read_public_key
from ...bundle.signing.signatures import Signature, read_signatures
from ...bundle.signing.sigstore_library import claims, has_library
from ...errors import SigningError
from ...plain import shortened

if TYPE_CHECKING:
    from ...bundle import Bundle
    from ...bundle.signing.signatures import AnySignature
    from ...bundle.signing.sigstore_file import SigstoreSignature

Signer: TypeAlias = PublicKey | Identity


@dataclass(frozen=True, slots=True)
class Verdict:
    """The name of the known signer that has signed, or else the fault of each signature."""

    signer: str | None
    faults: tuple[str, ...] = ()


def read_signer(file: Path) -> Signer:
    """The signer in a file: a public key, in PEM, or an identity, in JSON."""
    content = read_key_file(file)
    return parse_identity(file, content) if content.lstrip().startswith(b"{") else read_public_key(file)


def read_signers(keys: Sequence[str | Path | Identity]) -> Mapping[Signer, str]:
    """The given identities, and the public keys and identities in the given files, each with its name for messages."""
    if isinstance(keys, str | Path | Identity):
        raise SigningError(f"expected a list of keys and identities whose signature is accepted, got {keys!r}: write keys=[{keys!r}]")
    return {each if isinstance(each, Identity) else read_signer(Path(each)): str(each) for each in keys}


def judge(bundle: Bundle, signers: Mapping[Signer, str], also: Sequence[AnySignature] = ()) -> Verdict:
    """Look for a signature by one of these signers, beside the bundle and in `also`."""
    faults: list[str] = []
    for signature in (*read_signatures(bundle), *also):
        verdict = _by_key(signature, bundle, signers) if isinstance(signature, Signature) else _by_identity(signature, bundle, signers)
        if verdict.signer is not None:
            return verdict
        faults += verdict.faults
    return Verdict(None, tuple(faults) or ("signature: none",))


def _by_key(signature: Signature, bundle: Bundle, signers: Mapping[Signer, str]) -> Verdict:
    if signature.key not in signers:
        return Verdict(None, (f"signature: by the key {signature.key}, which you have not named",))
    if signature.fits(bundle.fingerprint):
        return Verdict(signers[signature.key])
    return Verdict(None, (f"signature: wrong, and not by {signers[signature.key]}: it, or {bundle.tag}, has changed since",))


def _by_identity(signature: SigstoreSignature, bundle: Bundle, signers: Mapping[Signer, str]) -> Verdict:
    faults = []
    for identity, name in signers.items():
        if isinstance(identity, Identity) and identity.claimed_by(signature):
            fault = identity.fault(signature, bundle.fingerprint)
            if fault is None:
                return Verdict(name)
            faults.append(f"signature: wrong, and not by {name}: {fault}")
    return Verdict(None, tuple(faults) or (f"signature: {_unnamed(signature)}",))


def _unnamed(signature: SigstoreSignature) -> str:
    if not has_library():
        return "through Sigstore, whose library can tell whose it is: pip install 'bento-core[sigstore]'"
    claimed = claims(signature)
    if claimed is None:
        return f"wrong: {signature.name!r} holds no certificate with a name and an issuer"
    return f"says that it is by {shortened(claimed[0])} of {shortened(claimed[1])}, which you have not named"
