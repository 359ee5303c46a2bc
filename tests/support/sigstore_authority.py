"""Keys and certificates of the authorities of an instance of Sigstore: one for certificates, and one for the time, which is openssl."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

START = datetime(2026, 1, 1, tzinfo=UTC)
DIGITAL_SIGNATURE = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
_SIGNING_CERTIFICATES = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
_TSA = """\
[tsa]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(spki(key)).digest()


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "example.com"), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def authority(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return (
        x509.CertificateBuilder(_name(name), _name(name), key.public_key(), 1, START, START + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_SIGNING_CERTIFICATES, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def timestamp_authority(folder: Path) -> list[x509.Certificate]:
    """The certificates of an authority for timestamps, whose files lie in a folder."""
    root_key, key = new_key(), new_key()
    root = authority("tsa root", root_key)
    leaf = (
        x509.CertificateBuilder(root.subject, _name("tsa"), key.public_key(), 2, START, START + timedelta(days=3650))
        .add_extension(DIGITAL_SIGNATURE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    (folder / "tsa.cnf").write_text(_TSA)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.pem").write_text(pem(leaf))
    (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return [leaf, root]


def chain(name: str, certificates: list[x509.Certificate]) -> dict[str, Any]:
    chain = {"certificates": [{"rawBytes": b64(each.public_bytes(Encoding.DER))} for each in certificates]}
    subject = {"organization": "example.com", "commonName": name}
    return {"subject": subject, "uri": "http://127.0.0.1", "certChain": chain, "validFor": {"start": stamp(START)}}


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()
