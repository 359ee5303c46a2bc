"""Sigstore's signatures as files: what `bento sign --sigstore`, cosign and others write about a bundle's `bento.json`, kept unchanged.

This module only recognises them, so that they can be kept where Sigstore's library is not installed. `identity` checks whether they are
valid.

An attestation, as CI systems make it, is a statement about a file. A statement about where and how the bundle's `bento.json` was built
counts as a signature. Others do not, because they may say that the bundle is bad.

Source: github.com/sigstore/protobuf-specs, sigstore_bundle.proto; in-toto Statement v1; SLSA provenance v1.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Final

from ...errors import BundleError

MAX_SIGSTORE: Final = 1 << 16
"""No file of Sigstore's is larger, in bytes; with a certificate, a log entry and a timestamp, it has some 5,000."""

_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle"
_ID: Final = 32
_STATEMENTS: Final = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
_BUILT: Final = ("https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2")


@dataclass(frozen=True, slots=True)
class SigstoreSignature:
    """One signature through Sigstore: the bytes of a `*.sigstore.json`."""

    content: bytes

    @property
    def name(self) -> str:
        """The name of its file, which holds its digest, and so differs from all others."""
        return f"bento.{hashlib.sha256(self.content).hexdigest()[:_ID]}.sigstore.json"

    @property
    def is_attestation(self) -> bool:
        """Whether it signs a statement about the manifest, and not the manifest itself."""
        return "dsseEnvelope" in json.loads(self.content)

    def encode(self) -> bytes:
        return self.content

    def fits(self, fingerprint: str) -> bool:
        """Whether it claims to be for the bundle with this fingerprint; the claim is not checked."""
        try:
            match json.loads(self.content):
                case {"messageSignature": {"messageDigest": {"digest": str(digest)}}}:
                    return base64.b64decode(digest).hex() == fingerprint
                case {"dsseEnvelope": {"payload": str(payload)}}:
                    return fingerprint in built(base64.b64decode(payload))
        except ValueError:
            pass
        return False


def parse_sigstore(name: str, content: bytes) -> SigstoreSignature:
    """The signature in a file's bytes; any other contents are a BundleError."""
    if len(content) > MAX_SIGSTORE:
        raise BundleError(f"{name!r} is not a signature: expected at most {MAX_SIGSTORE} bytes of Sigstore's JSON")
    if not is_sigstore(content):
        raise BundleError(f"{name!r} is not a signature: expected JSON as `bento sign --sigstore` or `cosign sign-blob --bundle` writes it")
    return SigstoreSignature(content)


def built(statement: bytes) -> frozenset[str]:
    """The SHA-256 of each file whose build a statement, in JSON, describes; empty for a statement about anything else."""
    match _json(statement):
        case {"_type": str(kind), "predicateType": str(what), "subject": [*subjects]} if kind in _STATEMENTS and what in _BUILT:
            return frozenset(digest for each in subjects if (digest := _sha256(each)))
    return frozenset()


def is_sigstore(content: bytes) -> bool:
    """Whether these bytes claim to be a signature of Sigstore's."""
    document = _json(content)
    return isinstance(document, dict) and str(document.get("mediaType")).startswith(_MEDIA_TYPE)


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _sha256(subject: object) -> str | None:
    match subject:
        case {"digest": {"sha256": str(digest)}}:
            return digest
    return None
