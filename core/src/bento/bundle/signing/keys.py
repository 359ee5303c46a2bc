"""Keys that bundles are signed with: Ed25519, in PEM files, such as `openssl genpkey -algorithm ed25519` writes.

Source: RFC 8032 (Ed25519), RFC 8410 (the format of its keys), RFC 7468 (PEM).
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import SigningError
from ..files.drafts import fill

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PUBLIC_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64

# Source: RFC 8410, section 4: the bytes before those of an Ed25519 key in a SubjectPublicKeyInfo.
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
_ID: Final = 32
_LARGEST: Final = 1 << 14
_PRIVATE: Final = b" PRIVATE KEY-----"


@dataclass(frozen=True)
class PublicKey:
    """A key that may have signed a bundle."""

    raw: bytes

    def __str__(self) -> str:
        return self.id

    @cached_property
    def id(self) -> str:
        """The fingerprint: the first 32 digits of what `openssl pkey -pubin -in FILE -outform DER | sha256sum` prints."""
        return hashlib.sha256(_SPKI + self.raw).hexdigest()[:_ID]

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether a signature of a message is by this key."""
        ed25519 = _ed25519()
        from cryptography.exceptions import InvalidSignature

        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """A key to sign with; it is never shown."""

    _key: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature of a message: the same each time."""
        return self._key.sign(message)


def read_public_key(file: Path) -> PublicKey:
    """The public key in a PEM file; of a private key, its public part."""
    content = read_key_file(file)
    if _PRIVATE in content:
        return read_private_key(file).public
    ed25519 = _ed25519()
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(content)
    except Exception as error:
        raise SigningError(f"{str(file)!r} is not a public key: expected a PEM file as `bento sign --new-key` writes it") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise SigningError(f"{str(file)!r} is another kind of key: expected one for Ed25519")
    return PublicKey(key.public_bytes_raw())


def read_private_key(file: Path) -> PrivateKey:
    """The private key in a PEM file, which nobody but its owner may be able to read."""
    content = read_key_file(file)
    ed25519 = _ed25519()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if _PRIVATE not in content:
        raise SigningError(f"{str(file)!r} is not a private key: sign with one, as `bento sign --new-key` or openssl writes it")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise SigningError(f"{str(file)!r} is a private key that others may read, with the mode {mode:04o}: chmod 600 {file}")
    try:
        key = load_pem_private_key(content, None)
    except TypeError as error:
        raise SigningError(f"{str(file)!r} needs a passphrase, which bento does not ask for: write a copy with `openssl pkey`") from error
    except Exception as error:
        raise SigningError(f"{str(file)!r} is not a private key: expected a PEM file as `bento sign --new-key` writes it") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SigningError(f"{str(file)!r} is another kind of key: expected one for Ed25519")
    return PrivateKey(key)


def new_key(file: Path) -> Path:
    """Write a new private key, which only its owner may read, and its public key beside it, as `.pub`; returns the path of the public key.

    If either cannot be written, neither is left.
    """
    ed25519 = _ed25519()
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    public = file.with_suffix(".pub")
    if public == file:
        raise SigningError(f"{str(file)!r} is what the public key would be called: choose a name like 'release.key' for the private one")
    for path in (file, public):
        if os.path.lexists(path):
            raise SigningError(f"{str(path)!r} is there already: bento does not overwrite keys, choose another name")
    key = ed25519.Ed25519PrivateKey.generate()
    _write(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    try:
        _write(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except BaseException:
        file.unlink()
        raise
    return public


def read_key_file(file: Path) -> bytes:
    """The first 16 KiB of a file that names a key or an identity; no such file is larger."""
    try:
        with file.open("rb") as source:
            return source.read(_LARGEST)
    except OSError as error:
        raise SigningError(f"cannot read the key {str(file)!r}: {error.strerror}") from error


def _ed25519() -> Any:
    """The module `ed25519` of cryptography; a SigningError if that is not installed."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise SigningError("signatures need cryptography: pip install 'bento-core[sign]'") from error
    return ed25519


def _write(file: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        fill(file, descriptor, [content], mode)
    except OSError as error:
        raise SigningError(f"cannot write the key {str(file)!r}: {error.strerror}") from error
