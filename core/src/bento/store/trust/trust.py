"""Trust: whose code may run here.

A bundle's source is code, so loading a bundle from elsewhere runs somebody else's code. A bundle is trusted if it was made here, if the
user trusted it when it was taken in, if the user trusts it now, or if it is signed by a key or an identity that is named now or in the
folder of keys. Trust and signatures refer to the fingerprint, which covers every byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...bundle.signing.identity import Identity
from ...bundle.signing.signatures import Signature, read_signatures
from ...bundle.signing.sigstore_file import SigstoreSignature
from ...errors import UntrustedError
from ..local import store_of
from ..notes import TRUSTED, read_note
from ..root import refusing
from .keyring import key_folder, named_signers, open_to_all
from .verdict import Signer, Verdict, judge, read_signers

if TYPE_CHECKING:
    from ...bundle import Bundle
    from ...bundle.signing.signatures import AnySignature
    from ..local import Store

_CORE = "bento-core=="


def check_trust(bundle: Bundle, *, store: Store | None = None, trust: bool = False, keys: Sequence[str | Path | Identity] = ()) -> None:
    """Raise an UntrustedError for a bundle that is not trusted, which says who made it, what it would run and how to go on.

    With `keys`, identities and files of public keys or identities, it has to be signed by one of these, even if it is trusted for other
    reasons.
    """
    root = store_of(store).root
    with refusing(root, f"look up whether {bundle.tag} is trusted"):
        if keys:
            check_signed(bundle, keys)
        elif not trust and ((fault := open_to_all(root / TRUSTED)) or not (root / TRUSTED / bundle.fingerprint).is_file()):
            verdict = judge(bundle, named_signers(root) if bundle.signatures else {})
            if verdict.signer is None:
                raise UntrustedError("\n  ".join(_refusal(bundle, verdict, key_folder(root), fault)))


def check_signed(bundle: Bundle, keys: Sequence[str | Path | Identity], also: Sequence[AnySignature] = ()) -> str:
    """The one of `keys` that has signed a bundle, by a signature beside it or one of `also`; if there is none, an UntrustedError."""
    signers = read_signers(keys)
    verdict = judge(bundle, signers, also)
    if verdict.signer is None:
        raise UntrustedError("\n  ".join(_unsigned(bundle, verdict, signers)))
    return verdict.signer


def trusted_how(bundle: Bundle, store: Store | None = None) -> Mapping[str, str]:
    """Why a store has trusted a bundle, `how`, since `when` and `by` whom; empty if it has not."""
    root = store_of(store).root
    return {} if open_to_all(root / TRUSTED) else read_note(root, TRUSTED, bundle.fingerprint)


def made_with(bundle: Bundle) -> str:
    """The name and version of the bento-core that made a bundle."""
    core = next((text for text in bundle.manifest.requirements if text.startswith(_CORE)), "an unknown bento-core")
    return core.replace("==", " ")


def _refusal(bundle: Bundle, verdict: Verdict, folder: Path, fault: str) -> Iterator[str]:
    yield f"{bundle.tag} {'may not have been' if fault else 'was not'} made here: loading it would run its code"
    yield from _about(bundle)
    if fault:
        yield fault
    yield from verdict.faults
    signatures = read_signatures(bundle)
    if any(isinstance(each, Signature) for each in signatures):
        yield f"to go on once you know whose key that is: put the public key into {folder}"
    if any(isinstance(each, SigstoreSignature) for each in signatures):
        yield f"to go on once you know who that is: --identity NAME --issuer URL, or a file that names both in {folder}"
    yield "to go on if you trust where it came from: --trust on the command line, trust=True in Python"


def _unsigned(bundle: Bundle, verdict: Verdict, signers: Mapping[Signer, str]) -> Iterator[str]:
    yield f"{bundle.tag} is not signed by {' or '.join(signers.values())}: loading it would run its code"
    yield from _about(bundle)
    yield from verdict.faults
    kind, how = ("identity", "--sigstore") if any(isinstance(each, Identity) for each in signers) else ("key", "--key FILE")
    yield f"to go on: get it from whoever signs it, name the {kind} that has signed it, or sign it with `bento sign {bundle.tag} {how}`"


def _about(bundle: Bundle) -> Iterator[str]:
    """Who made a bundle, and what it would run."""
    manifest = bundle.manifest
    yield f"made with: {made_with(bundle)}, {manifest.created}"
    yield f"code: {manifest.service}"
    for artifact in manifest.artifacts:
        if artifact.runs_code:
            yield f"model that runs code: {artifact.slot}, kept as {artifact.format!r}"
