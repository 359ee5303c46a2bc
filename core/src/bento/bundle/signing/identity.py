"""Identities that sign bundles: a name that an issuer vouched for, in a certificate of Sigstore's that was valid for some minutes.

The signer has no key to keep. A certificate authority binds a key that is used once to an identity, which a mail provider or a CI system
confirms, and a public log records the signature while the certificate is valid. The signature's file holds all of that. Checking it needs
no network, only a root of trust: the keys of the authority and of the logs.

Source: docs.sigstore.dev.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...errors import SigningError
from ...plain import shortened
from .sigstore_file import built
from .sigstore_library import claims, hashed, need_library, reason, trusted_root

if TYPE_CHECKING:
    from sigstore.verify.policy import VerificationPolicy

    from .sigstore_file import SigstoreSignature

_STATEMENT: Final = "application/vnd.in-toto+json"
_ANOTHER: Final = "it attests something other than the building of this bundle's bento.json"
_PARTS: Final = {"identity", "issuer", "trusted_root"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may have signed a bundle through Sigstore: the `name` in the certificate, and the URL of the `issuer` that vouched for it.

    `trusted_root` is the `trusted_root.json` of your own Sigstore instance, or a configuration of its clients. By default it is that of the
    public instance, as Sigstore's library has last fetched it, or as it came with the library.
    """

    name: str
    issuer: str = field(kw_only=True)
    trusted_root: str | Path | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not (self.name and self.issuer and isinstance(self.name, str) and isinstance(self.issuer, str)):
            raise SigningError(
                f"an identity is a name and the URL of the issuer that vouches for it, got {self.name!r} and {self.issuer!r}: "
                "without the issuer, it could be anybody with that name"
            )

    def __str__(self) -> str:
        return f"{self.name} of {self.issuer}"

    def claimed_by(self, signature: SigstoreSignature) -> bool:
        """Whether a signature claims to be by this identity; the claim is not checked."""
        need_library()
        return claims(signature) == (self.name, self.issuer)

    def fault(self, signature: SigstoreSignature, fingerprint: str) -> str | None:
        """Why a signature is not a valid one by this identity for the bundle with this fingerprint; None if it is."""
        need_library()
        root = trusted_root(self.trusted_root)
        from sigstore.errors import CertValidationError
        from sigstore.models import Bundle
        from sigstore.verify import Verifier

        try:
            verifier, found = Verifier(trusted_root=root), Bundle.from_json(signature.content)
            if signature.is_attestation:
                media_type, statement = verifier.verify_dsse(found, self._policy())
                return None if media_type == _STATEMENT and fingerprint in built(statement) else _ANOTHER
            verifier.verify_artifact(hashed(fingerprint), found, self._policy())
        except CertValidationError as error:
            shown = repr(str(self.trusted_root)) if self.trusted_root else "Sigstore's public instance"
            return f"its certificate is not from the authority of {shown}, or was not valid when it signed: {reason(error)}"
        except Exception as error:  # noqa: BLE001 - parsing a stranger's certificates, timestamps and JSON may raise anything
            return reason(error)
        return None

    def _policy(self) -> VerificationPolicy:
        from sigstore.verify import policy

        issuer = policy.AnyOf([policy.OIDCIssuerV2(self.issuer), policy.OIDCIssuer(self.issuer)])
        return policy.AllOf([policy.Identity(identity=self.name), issuer])


def parse_identity(file: Path, content: bytes) -> Identity:
    """The identity in a file: JSON with `identity` and `issuer`, and `trusted_root`, a path from the file's folder, if there is one."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SigningError(_no_identity(file, "it is not JSON")) from error
    if not isinstance(document, Mapping) or not {"identity", "issuer"} <= document.keys() <= _PARTS:
        raise SigningError(_no_identity(file, f"got {shortened(document)}"))
    if any(not isinstance(value, str) for value in document.values()):
        raise SigningError(_no_identity(file, f"got {shortened(document)}"))
    root = document.get("trusted_root")
    return Identity(document["identity"], issuer=document["issuer"], trusted_root=file.parent / root if root else None)


def _no_identity(file: Path, fault: str) -> str:
    return f'{str(file)!r} names no identity: {fault}, expected {{"identity": NAME, "issuer": URL}}, and "trusted_root": FILE if needed'
