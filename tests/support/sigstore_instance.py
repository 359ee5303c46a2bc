"""A private Sigstore on loopback: a certificate authority with its log of certificates, and a log of signatures.

It gives certificates to clients with a token that it signed itself, keeps log entries in a Merkle tree, and signs statements about them.
In version 2 the log has no times; a timestamp authority, which is openssl, provides them.

Source: RFC 6962 (certificate transparency, Merkle trees), RFC 3161 (timestamps); github.com/sigstore: fulcio's OID information, rekor's and
rekor-tiles' APIs, protobuf-specs' trusted root and signing config; C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import jwt
import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from sigstore import dsse
from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import Signer, SigningContext

from merkle import path, tree
from sigstore_authority import DIGITAL_SIGNATURE, START, authority, b64, chain, key_id, new_key, pem, sign, spki, stamp, timestamp_authority

ISSUER = "https://token.example.com"
_ISSUER_V1, _ISSUER_V2 = (x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}") for number in (1, 8))
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_SECRET = "of the issuer of tokens, and long enough for HMAC"


class SigstoreInstance:
    """One instance; the clock of its log is `ahead` by this many seconds."""

    def __init__(self, folder: Path, version: int = 1) -> None:
        self.folder, self.version, self.url = folder, version, ""
        self.ahead = 0
        self.entries: list[bytes] = []
        self.root_key, self.ct_key, self.log_key = (new_key() for _ in range(3))
        self.root = authority("fulcio", self.root_key)
        self.tsa = timestamp_authority(folder) if version == 2 else []

    @property
    def trusted_root(self) -> dict[str, Any]:
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._log(self.log_key)],
            "certificateAuthorities": [chain("fulcio", [self.root])],
            "ctlogs": [self._log(self.ct_key)],
            "timestampAuthorities": [chain("tsa", self.tsa)] if self.tsa else [],
        }

    @property
    def trust_config(self) -> dict[str, Any]:
        """The configuration that a client needs for signing, too."""
        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [self._service("", 1)],
            "oidcUrls": [],
            "rekorTlogUrls": [self._service("", self.version)],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [self._service("/timestamp", 1)] if self.tsa else [],
            "tsaConfig": {"selector": "ANY"},
        }
        media_type = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
        return {"mediaType": media_type, "trustedRoot": self.trusted_root, "signingConfig": signing}

    def token(self, name: str, issuer: str = ISSUER, **claims: Any) -> str:
        """The token of an issuer of identities for this name."""
        now = int(time.time())
        told = {"iss": issuer, "sub": name, "email": name, "aud": "sigstore", "iat": now, "exp": now + 300, **claims}
        return jwt.encode(told, _SECRET, "HS256")

    def sign(self, content: bytes, name: str = "ci@example.com", issuer: str = ISSUER) -> bytes:
        """A signature of a file, as Sigstore's programs write it."""
        with self._signer(name, issuer) as signer:
            return signer.sign_artifact(content).to_json().encode()

    def attest(self, content: bytes, predicate: str = "https://slsa.dev/provenance/v1", name: str = "ci@example.com") -> bytes:
        """An attestation about a file, as Sigstore's programs write it."""
        subject = dsse.Subject(name="bento.json", digest={"sha256": hashlib.sha256(content).hexdigest()})
        statement = dsse.StatementBuilder().subjects([subject]).predicate_type(predicate).predicate({}).build()
        with self._signer(name, ISSUER) as signer:
            return signer.sign_dsse(statement).to_json().encode()

    def certificate(self, token: str, request: str) -> list[str]:
        """A certificate for the key of a request, with the identity of a token; an invalid token is a jwt.InvalidTokenError."""
        claims = jwt.decode(token, _SECRET, ["HS256"], audience="sigstore")
        key = x509.load_pem_x509_csr(base64.b64decode(request)).public_key()
        return [pem(each) for each in (self.issue(claims["sub"], claims["iss"], key), self.root)]

    def issue(self, name: str, issuer: str, key: Any) -> x509.Certificate:
        now = datetime.now(UTC)
        start, end = now - timedelta(minutes=1), now + timedelta(minutes=10)
        who = x509.RFC822Name(name) if "://" not in name else x509.UniformResourceIdentifier(name)
        builder = (
            x509.CertificateBuilder(self.root.subject, x509.Name([]), key, x509.random_serial_number(), start, end)
            .add_extension(DIGITAL_SIGNATURE, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([who]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V1, issuer.encode()), critical=False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V2, bytes([12, len(issuer)]) + issuer.encode()), critical=False)
        )
        unlogged = builder.sign(self.root_key, hashes.SHA256()).tbs_certificate_bytes
        logged = x509.UnrecognizedExtension(_SCT_LIST, self._certificate_timestamps(unlogged))
        return builder.add_extension(logged, critical=False).sign(self.root_key, hashes.SHA256())

    def log_v1(self, entry: dict[str, Any]) -> dict[str, Any]:
        body = rfc8785.dumps(entry)
        index, proof = self._append(body)
        told = {"body": b64(body), "integratedTime": int(time.time()) + self.ahead, "logID": key_id(self.log_key).hex(), "logIndex": index}
        promise = b64(sign(self.log_key, rfc8785.dumps(told)))
        inclusion = {
            "logIndex": index,
            "rootHash": proof["root"].hex(),
            "treeSize": len(self.entries),
            "hashes": [each.hex() for each in proof["hashes"]],
            "checkpoint": proof["checkpoint"],
        }
        return {hashlib.sha256(body).hexdigest(): told | {"verification": {"signedEntryTimestamp": promise, "inclusionProof": inclusion}}}

    def log_v2(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = request["hashedRekordRequestV002"]
        data = {"algorithm": "SHA2_256", "digest": asked["digest"]}
        spec = {"hashedRekordV002": {"data": data, "signature": asked["signature"]}}
        body = rfc8785.dumps({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec})
        index, proof = self._append(body)
        return {
            "logIndex": str(index),
            "logId": {"keyId": b64(key_id(self.log_key))},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": b64(proof["root"]),
                "treeSize": str(len(self.entries)),
                "hashes": [b64(each) for each in proof["hashes"]],
                "checkpoint": {"envelope": proof["checkpoint"]},
            },
            "canonicalizedBody": b64(body),
        }

    def timestamp(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        command = "openssl ts -reply -config tsa.cnf -section tsa -queryfile query -signer tsa.pem -inkey tsa.key -out reply"
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "reply").read_bytes()

    def _signer(self, name: str, issuer: str) -> AbstractContextManager[Signer]:
        config = ClientTrustConfig.from_json(json.dumps(self.trust_config))
        return SigningContext.from_trust_config(config).signer(IdentityToken(self.token(name, issuer)))

    def _append(self, body: bytes) -> tuple[int, dict[str, Any]]:
        self.entries.append(body)
        index, root = len(self.entries) - 1, tree(self.entries)
        note = f"log.example.com\n{len(self.entries)}\n{b64(root)}\n"
        signature = b64(key_id(self.log_key)[:4] + sign(self.log_key, note.encode()))
        checkpoint = f"{note}\n\N{EM DASH} log.example.com {signature}\n"
        return index, {"root": root, "hashes": path(index, self.entries), "checkpoint": checkpoint}

    def _certificate_timestamps(self, certificate: bytes) -> bytes:
        """The extension of a certificate that says that it was logged. Source: RFC 6962, section 3.2 and 3.3."""
        now = int(time.time() * 1000)
        signed = (
            struct.pack("!BBQH", 0, 0, now, 1) + key_id(self.root_key) + struct.pack("!I", len(certificate))[1:] + certificate + bytes(2)
        )
        signature = sign(self.ct_key, signed)
        sct = bytes(1) + key_id(self.ct_key) + struct.pack("!QHBBH", now, 0, 4, 3, len(signature)) + signature
        listed = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        return b"\x04" + (bytes([len(listed)]) if len(listed) < 128 else bytes([0x81, len(listed)])) + listed

    def _service(self, path: str, version: int) -> dict[str, Any]:
        return {"url": self.url + path, "majorApiVersion": version, "validFor": {"start": stamp(START)}, "operator": "example.com"}

    def _log(self, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        public = {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": stamp(START)}}
        return {"baseUrl": self.url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": b64(key_id(key))}}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    instance: SigstoreInstance

    def do_GET(self) -> None:
        """Answer with the token of a CI job, as GitHub does."""
        self._answer(200, {"value": self.instance.token("https://example.com/ours/release.yml@refs/heads/main")})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            match self.path:
                case "/api/v2/signingCert":
                    token = self.headers["Authorization"].removeprefix("Bearer ")
                    chain = self.instance.certificate(token, json.loads(content)["certificateSigningRequest"])
                    self._answer(201, {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}})
                case "/api/v1/log/entries":
                    self._answer(201, self.instance.log_v1(json.loads(content)))
                case "/api/v2/log/entries":
                    self._answer(201, self.instance.log_v2(json.loads(content)))
                case "/timestamp":
                    self._answer(201, self.instance.timestamp(content))
                case _:
                    self._answer(404, {"code": 404, "message": "nothing is there"})
        except jwt.InvalidTokenError as error:
            self._answer(401, {"code": 16, "message": f"the token is not right: {error}"})

    def _answer(self, status: int, content: dict[str, Any] | bytes) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def sigstore_instance(version: int = 1) -> Iterator[SigstoreInstance]:
    """An instance that answers until the end of the block."""
    with TemporaryDirectory() as folder:
        instance = SigstoreInstance(Path(folder), version)
        answers = type("Answers", (_Answers,), {"instance": instance})
        with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
            server.daemon_threads = True
            instance.url = f"http://127.0.0.1:{server.server_port}"
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield instance
            finally:
                server.shutdown()
                thread.join()
