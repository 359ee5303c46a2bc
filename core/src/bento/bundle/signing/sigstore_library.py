"""Sigstore's library, imported on use: what is read with it, and its errors in words.

Source: github.com/sigstore/fulcio, docs/oid-info.md (what certificates say about issuers); protobuf-specs, sigstore_trustroot.proto.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import SigningError
from ...plain import in_one_line

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.hashes import Hashed
    from sigstore.models import ClientTrustConfig, TrustedRoot

    from .sigstore_file import SigstoreSignature

_ISSUERS: Final = ("1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1")
_UTF8: Final = 2  # bytes of DER before the text of the first
_OTHER_NAME: Final = "1.3.6.1.4.1.57264.1.7"
_CONFIG: Final = "application/vnd.dev.sigstore.clienttrustconfig"
_LARGEST: Final = 1 << 20
_LONGEST: Final = 200


def need_library() -> None:
    """Raise a SigningError if Sigstore's library is not installed."""
    if not has_library():
        raise SigningError("signatures through Sigstore need its library: pip install 'bento-core[sigstore]'")


def has_library() -> bool:
    """Whether Sigstore's library is installed; this imports it."""
    try:
        import sigstore.models  # noqa: F401 - whether it is there
    except ImportError:
        return False
    return True


def hashed(fingerprint: str) -> Hashed:
    """A manifest in the form in which the library takes contents that it does not read itself: as its SHA-256."""
    from sigstore.hashes import Hashed
    from sigstore_models.common.v1 import HashAlgorithm

    return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(fingerprint))


def claims(signature: SigstoreSignature) -> tuple[str, str] | None:
    """The name and the issuer in a signature's certificate, which prove nothing before it is checked; None if there are none."""
    from sigstore.models import Bundle

    try:
        certificate = Bundle.from_json(signature.content).signing_certificate
        return _name(certificate), _issuer(certificate)
    except Exception:  # noqa: BLE001 - parsing a stranger's certificates and JSON may raise anything
        return None


def trusted_root(file: str | Path | None) -> TrustedRoot:
    """The root of trust in a file, alone or in a client configuration; without a file, that of the public instance, as it is known here."""
    from sigstore.models import ClientTrustConfig, TrustedRoot

    if file is None:
        # It would warn that it fetches nothing, which is what `offline` asks for.
        logging.getLogger("sigstore._internal.tuf").setLevel(logging.ERROR)
        try:
            return ClientTrustConfig.production(offline=True).trusted_root
        except Exception as error:
            raise SigningError(f"cannot read Sigstore's public root of trust: {reason(error)}: name a file that has one") from error
    content = _read(Path(file))
    try:
        if str(json.loads(content)["mediaType"]).startswith(_CONFIG):
            return ClientTrustConfig.from_json(content.decode()).trusted_root
        return TrustedRoot.from_file(str(file))
    except Exception as error:
        raise SigningError(
            f"{str(file)!r} is not a root of trust: expected a `trusted_root.json` of Sigstore's: {reason(error)}"
        ) from error


def trust_config(file: str | Path | None) -> ClientTrustConfig:
    """The services to sign with: those that a file names, or those that the public instance itself names."""
    from sigstore.models import ClientTrustConfig

    if file is None:
        try:
            return ClientTrustConfig.production()
        except Exception as error:
            raise SigningError(
                f"cannot reach Sigstore's public instance: {reason(error)}: signing needs the network, or --trust-config"
            ) from error
    content = _read(Path(file))
    try:
        return ClientTrustConfig.from_json(content.decode())
    except Exception as error:
        raise SigningError(
            f"{str(file)!r} is not a configuration of Sigstore's clients, which names its services: {reason(error)}"
        ) from error


def reason(error: BaseException) -> str:
    """The library's error message, short and in one line, because it may quote what a stranger wrote."""
    while not str(error) and error.__cause__ is not None:
        error = error.__cause__
    said = in_one_line(str(error) or type(error).__name__)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def _name(certificate: Certificate) -> str:
    from cryptography import x509

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    for name in names:
        if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
            return name.value
        if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _OTHER_NAME:
            return name.value.decode()
    raise ValueError("no name")


def _issuer(certificate: Certificate) -> str:
    found: dict[str, Any] = {each.oid.dotted_string: each.value for each in certificate.extensions}
    newer, older = _ISSUERS
    return str((found[newer].value[_UTF8:] if newer in found else found[older].value).decode())


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            content = source.read(_LARGEST + 1)
    except OSError as error:
        raise SigningError(f"cannot read {str(file)!r}: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise SigningError(f"{str(file)!r} is not a file of Sigstore's: it has more than {_LARGEST} bytes")
    return content
