"""Signatures: who vouches for a bundle, each in a file of its own beside the manifest, `bento.<fingerprint of the key>.sig`.

The signed text is a line with the bundle's fingerprint, and so covers every byte. No manifest lists these files, because a bundle is signed
after it was made, by any number of signers, and stays the same bundle. Signatures through Sigstore, which sign the manifest itself, lie
beside them as `bento.<digest of the file>.sigstore.json`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ...errors import BundleError
from ...opening import open_file
from ..files.drafts import draft_file
from ..manifest.paths import SIGNATURE
from .keys import PUBLIC_SIZE, SIGNATURE_SIZE, PublicKey
from .sigstore_file import MAX_SIGSTORE, SigstoreSignature, is_sigstore, parse_sigstore

if TYPE_CHECKING:
    from ..model import Bundle
    from .keys import PrivateKey

_MAX_SIGNATURE: Final = 1024
"""No file of a signature by a key is larger, in bytes."""

_MAX_SIGNATURES: Final = 64
"""No bundle has more."""

_FORMAT: Final = 1
_SIGSTORE: Final = ".sigstore.json"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, and the key that it claims to be by."""

    key: PublicKey
    signature: bytes

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"bento.{self.key.id}.sig"

    def fits(self, fingerprint: str) -> bool:
        """Whether its key has signed the bundle with this fingerprint."""
        return self.key.signed(_message(fingerprint), self.signature)

    def encode(self) -> bytes:
        """The canonical contents of a signature's file."""
        parts = {"public_key": base64.b64encode(self.key.raw).decode(), "signature": base64.b64encode(self.signature).decode()}
        return (json.dumps({"format": _FORMAT, **parts}, indent=2) + "\n").encode()


AnySignature: TypeAlias = Signature | SigstoreSignature


def make_signature(bundle: Bundle, key: PrivateKey) -> Signature:
    """Sign a bundle, which the caller has verified."""
    return Signature(key.public, key.sign(_message(bundle.fingerprint)))


def _parse_signature(name: str, content: bytes) -> AnySignature:
    """The signature in a file's bytes; any other contents are a BundleError."""
    signature = parse_sigstore(name, content) if name.endswith(_SIGSTORE) else _parse(name, content)
    if signature.name != name:
        raise BundleError(f"{name!r} is not a signature: its name is that of another one")
    return signature


def _parse(name: str, content: bytes) -> Signature:
    try:
        document = json.loads(content[: _MAX_SIGNATURE + 1])
        signature = Signature(PublicKey(_bytes(document["public_key"], PUBLIC_SIZE)), _bytes(document["signature"], SIGNATURE_SIZE))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"{name!r} is not a signature: expected a file as `bento sign` writes it") from error
    if signature.encode() != content:
        raise BundleError(f"{name!r} is not a signature: expected a file as `bento sign` writes it")
    return signature


def read_signatures(bundle: Bundle) -> tuple[AnySignature, ...]:
    """The signatures of a bundle, which prove nothing before they are checked."""
    return parse_signatures(bundle.signatures, lambda name: _read(bundle.path / name, largest(name)))


def read_signature(file: Path) -> AnySignature:
    """The signature in a file of any name, as `bento sign`, cosign and others write it; any other file is a BundleError."""
    content, name = _read(file, MAX_SIGSTORE), str(file)
    if len(content) > MAX_SIGSTORE or is_sigstore(content):
        return parse_sigstore(name, content)
    try:
        return _parse(name, content)
    except BundleError as error:
        raise BundleError(
            f"{name!r} is not a signature: expected a file as `bento sign` or `cosign sign-blob --bundle` writes it"
        ) from error


def add_signatures(bundle: Bundle, signatures: Iterable[AnySignature]) -> None:
    """Write the signatures that are not there yet beside the manifest, each complete or not at all; an error of the disk is an OSError."""
    for signature in signatures:
        if _is_there(bundle.path / signature.name, signature.encode()):
            continue
        with draft_file(bundle.path.parent, [signature.encode()], prefix=".signing-") as draft:
            draft.replace(bundle.path / signature.name)


def parse_signatures(names: Collection[str], read: Callable[[str], bytes | None]) -> tuple[AnySignature, ...]:
    """The signatures in these files, except those for which `read` returns None; too many are a BundleError before any is read."""
    if len(names) > _MAX_SIGNATURES:
        raise BundleError(f"there are {len(names)} signatures: expected at most {_MAX_SIGNATURES}")
    contents = ((name, read(name)) for name in sorted(names))
    return tuple(_parse_signature(name, content) for name, content in contents if content is not None)


def is_signature(name: str) -> bool:
    """Whether a file of this name, beside a manifest, is a signature."""
    return SIGNATURE.fullmatch(name) is not None


def largest(name: str) -> int:
    """How many bytes a signature's file of this name may have."""
    return MAX_SIGSTORE if name.endswith(_SIGSTORE) else _MAX_SIGNATURE


def _message(fingerprint: str) -> bytes:
    """The signed text; its first words prevent the signature from being used for anything but a bundle."""
    return f"bento bundle sha256:{fingerprint}\n".encode()


def _bytes(text: str, size: int) -> bytes:
    content = base64.b64decode(text, validate=True)
    if len(content) != size:
        raise ValueError(f"expected {size} bytes, got {len(content)}")
    return content


def _is_there(path: Path, content: bytes) -> bool:
    try:
        return _read(path, len(content)) == content
    except BundleError:
        return False


def _read(path: Path, most: int) -> bytes:
    try:
        with open_file(path) as file:
            return file.read(most + 1)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from error
