"""Tokens to sign with: an issuer's confirmation of an identity, for which Sigstore issues a certificate.

Source: OpenID Connect Core 1.0, section 2 (ID tokens).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SigningError
from .identity import Identity
from .sigstore_file import SigstoreSignature
from .sigstore_library import claims, hashed, need_library, reason, trust_config

if TYPE_CHECKING:
    from ..model import Bundle


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """An OpenID Connect token to sign a bundle with through Sigstore, by default the one that this CI job may ask for.

    `trust_config` is a file with the client configuration of your own Sigstore instance. By default the public instance signs, whose log
    shows everybody, for good, who signed what and when.
    """

    text: str | None = field(default=None, repr=False)
    trust_config: str | Path | None = field(default=None, kw_only=True)

    def sign(self, bundle: Bundle) -> tuple[SigstoreSignature, Identity]:
        """Sign a bundle, which the caller has verified; returns the signature, and the identity that its certificate names."""
        need_library()
        from sigstore.sign import SigningContext

        token, config = self._token(), trust_config(self.trust_config)
        try:
            with SigningContext.from_trust_config(config).signer(token) as signer:
                signature = SigstoreSignature(signer.sign_artifact(hashed(bundle.fingerprint)).to_json().encode())
        except Exception as error:
            raise SigningError(f"Sigstore has not signed {bundle.tag}: {reason(error)}") from error
        name, issuer = claims(signature) or ("", "")
        identity = Identity(name, issuer=issuer, trusted_root=self.trust_config)
        if fault := identity.fault(signature, bundle.fingerprint):
            raise SigningError(f"Sigstore has signed {bundle.tag}, but the signature is not valid here: {fault}")
        return signature, identity

    def _token(self) -> Any:
        from sigstore import oidc

        try:
            text = self.text or oidc.detect_credential()
        except Exception as error:
            raise SigningError(
                f"this CI job gives no identity to sign with: {reason(error)}: allow it to ask for one, on GitHub by `id-token: write`"
            ) from error
        if not text:
            raise SigningError(
                "there is no identity to sign with: run it in a CI job that may ask for an OpenID Connect token, or give one, "
                "such as `sigstore get-identity-token` prints"
            )
        try:
            return oidc.IdentityToken(text.strip())
        except Exception as error:
            raise SigningError(f"the identity token is of no use: {reason(error)}: get a new one, which lasts a few minutes") from error
