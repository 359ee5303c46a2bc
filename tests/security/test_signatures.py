"""A signature goes along on every road, and no change to it, to a key or to a bundle makes it valid for anything else."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bento.bundle import open_bundle, verify
from bento.bundle.model import Bundle
from bento.bundle.signing.identity import Identity
from bento.bundle.signing.keys import new_key, read_private_key
from bento.bundle.signing.signatures import Signature, add_signatures
from bento.bundle.signing.sigstore_file import SigstoreSignature
from bento.bundle.unpack import unpack_archive
from bento.errors import BundleError, SigningError, UntrustedError
from bento.packers import (
    ArchivePacker,
    DockerPacker,
    FolderPacker,
    HerokuPacker,
    LambdaPacker,
    OciPacker,
    SagemakerPacker,
    SystemdPacker,
    WheelPacker,
)
from bento.store import Store, check_signed, check_trust, find, pack, pull, push, sign, unpack
from bundles import API
from sigstore_instance import ISSUER, sigstore_instance


@pytest.fixture
def bundle(make_bundle, tmp_path, key) -> Bundle:
    """A bundle with two signatures."""
    made = make_bundle(tmp_path / "bundle", apis=[API])
    sign(made, key)
    new_key(tmp_path / "other.key")
    sign(made, tmp_path / "other.key")
    return made


@pytest.fixture
def well_signed(bundle, tmp_path) -> Bundle:
    """The same bundle with one more signature, by way of Sigstore."""
    with sigstore_instance() as instance:
        add_signatures(bundle, [SigstoreSignature(instance.sign((bundle.path / "bento.json").read_bytes()))])
        (tmp_path / "root.json").write_text(json.dumps(instance.trusted_root))
    return bundle


def layers(layout: Path, folder: Path) -> Path:
    """Unpack the layers of an image layout, and return the bundle's folder."""

    def blob(descriptor: dict[str, str]) -> Path:
        return layout / "blobs" / descriptor["digest"].replace(":", "/")

    (image,) = json.loads((layout / "index.json").read_text())["manifests"]
    for layer in json.loads(blob(image).read_text())["layers"]:
        with tarfile.open(blob(layer)) as archive:
            archive.extractall(folder, filter="data")
    return folder / "bundle"


def from_wheel(packed: Path, folder: Path) -> Path:
    (wheel,) = packed.glob("iris-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extract("bundle_iris/bundle.bento", folder)
    return unpack_archive(folder / "bundle_iris/bundle.bento", folder / "unpacked").path


ROADS: dict[str, Callable[[Bundle, Path, Path], Path]] = {
    "archive": lambda bundle, out, there: unpack_archive(pack(bundle, ArchivePacker(), out), there).path,
    "folder": lambda bundle, out, _: pack(bundle, FolderPacker(), out),
    "docker": lambda bundle, out, _: pack(bundle, DockerPacker(), out) / "bundle",
    "heroku": lambda bundle, out, _: pack(bundle, HerokuPacker(), out) / "bundle",
    "lambda": lambda bundle, out, _: pack(bundle, LambdaPacker(), out) / "bundle",
    "oci": lambda bundle, out, there: layers(pack(bundle, OciPacker(base="scratch", packages="base"), out), there),
    "sagemaker": lambda bundle, out, _: pack(bundle, SagemakerPacker(), out) / "bundle",
    "systemd": lambda bundle, out, _: pack(bundle, SystemdPacker(), out) / "bundle",
    "wheel": lambda bundle, out, there: from_wheel(pack(bundle, WheelPacker(), out), there),
}


@pytest.mark.parametrize("road", ROADS)
def test_signatures_go_along_through_every_packer(well_signed, tmp_path, public, road):
    there = open_bundle(ROADS[road](well_signed, tmp_path / "out", tmp_path / "there"))
    verify(there)
    assert there.signatures == well_signed.signatures
    for signer in (public, tmp_path / "other.pub", Identity("ci@example.com", issuer=ISSUER, trusted_root=tmp_path / "root.json")):
        assert check_signed(there, [signer]) == str(signer)


@pytest.mark.parametrize("packer", [DockerPacker(), LambdaPacker(), SagemakerPacker()], ids=lambda packer: packer.name)
def test_an_image_has_the_signatures_copied_into_it(well_signed, tmp_path, packer):
    lines = (pack(well_signed, packer, tmp_path / "out") / "Dockerfile").read_text().splitlines()
    (copied,) = (line.split() for line in lines if line.startswith("COPY ") and "bundle/bento.json" in line.split())
    assert {f"bundle/{name}" for name in well_signed.signatures} < set(copied)


def test_signatures_go_by_way_of_a_remote_an_archive_and_a_url(bundle, tmp_path, public):
    push(bundle, f"file://{tmp_path}/remote")
    second = Store(tmp_path / "second")
    pull("iris:3", f"file://{tmp_path}/remote", store=second)
    there = unpack(pack("iris:3", "archive", tmp_path / "iris.bento", store=second), store=Store(tmp_path / "third"))
    push(there, f"file://{tmp_path}/next")
    check_trust(find(f"file://{tmp_path}/next/iris:latest", store=second), store=second, keys=[public])


def forged(bundle: Bundle, key: Path, *, signature: bytes | None = None, message: bytes | None = None) -> None:
    """Put beside a bundle a signature by a key that signs something else."""
    secret = read_private_key(key)
    add_signatures(bundle, [Signature(secret.public, signature or secret.sign(message or b""))])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"bento bundle sha256:\n",
        b"{fingerprint}",
        b"bento bundle sha256:{fingerprint}",
        b"bento bundle sha256:{fingerprint}\n\n",
        b"bento bundle sha512:{fingerprint}\n",
        b"BENTO BUNDLE SHA256:{fingerprint}\n",
    ],
)
def test_a_signature_of_anything_but_this_bundle_is_wrong(make_bundle, tmp_path, key, public, message):
    made = make_bundle(tmp_path / "unsigned")
    forged(made, key, message=message.replace(b"{fingerprint}", made.fingerprint.encode()))
    with pytest.raises(UntrustedError, match=f"signature: wrong, and not by {public}: it, or iris:3, has changed since"):
        check_signed(made, [public])


def test_a_signature_with_another_s_is_wrong(make_bundle, tmp_path, key, public):
    """Adding Ed25519's group order to S gives a second signature of the same message, unless S has to be smaller: RFC 8032, 5.1.7."""
    made = make_bundle(tmp_path / "unsigned")
    right = read_private_key(key).sign(f"bento bundle sha256:{made.fingerprint}\n".encode())
    order = 2**252 + 27742317777372353535851937790883648493
    forged(made, key, signature=right[:32] + (int.from_bytes(right[32:], "little") + order).to_bytes(32, "little"))
    with pytest.raises(UntrustedError, match="signature: wrong"):
        check_signed(made, [public])


def test_a_signature_under_the_name_of_another_key_is_refused(bundle, tmp_path):
    one, two = (bundle.path / name for name in bundle.signatures)
    shutil.copy(one, two)
    with pytest.raises(BundleError, match="is not a signature"):
        verify(bundle)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": True},
        {"algorithm": "none"},
        {"signature": ""},
        {"signature": None},
        {"public_key": base64.b64encode(bytes(31)).decode()},
        {"signature": base64.b64encode(bytes(65)).decode()},
        {"signature": base64.b64encode(bytes(64)).decode() + "\n"},
    ],
)
def test_a_signature_file_with_another_format_or_algorithm_is_refused(bundle, change):
    file = bundle.path / bundle.signatures[0]
    file.write_text(json.dumps(json.loads(file.read_text()) | change, indent=2) + "\n")
    with pytest.raises(BundleError, match="is not a signature: expected a file as `bento sign` writes it"):
        verify(bundle)


@pytest.mark.parametrize("name", ["bento.{}.SIG", "bento.{}.sig.sig", "BENTO.{}.sig", "bento.{}0.sig", "src/bento.{}.sig", ".bento.{}.sig"])
def test_a_file_whose_name_only_resembles_that_of_a_signature_is_refused(bundle, name):
    (bundle.path / name.format("0" * 32)).touch()
    with pytest.raises(BundleError, match=r"is a file that bento\.json does not list"):
        verify(bundle)


def test_a_signature_that_is_a_link_is_refused(bundle, tmp_path):
    file = bundle.path / bundle.signatures[0]
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="is a link"):
        verify(bundle)
    with pytest.raises(BundleError, match="cannot read"):
        check_signed(bundle, [tmp_path / "release.pub"])


def test_a_manifest_that_changes_after_its_signature_was_checked_is_refused(bundle, public, tmp_path):
    """The manifest is replaced after the signature is checked and before the bundle is verified."""
    check_signed(bundle, [public])
    manifest = bundle.path / "bento.json"
    manifest.write_text(manifest.read_text().replace("iris:Iris", "evil:Iris"))
    with pytest.raises(BundleError, match=r"'bento\.json' has changed since it was read"):
        verify(bundle)


def test_a_key_that_was_removed_vouches_for_no_bundle_any_more(bundle, tmp_path, public):
    store = Store(tmp_path / "store")
    keys = store.root / "keys"
    keys.mkdir(parents=True)
    shutil.copy(public, keys / "old.pub")
    check_trust(bundle, store=store)
    new_key(tmp_path / "new.key")
    shutil.copy(tmp_path / "new.pub", keys)
    check_trust(bundle, store=store)
    (keys / "old.pub").unlink()
    with pytest.raises(UntrustedError, match="was not made here"):
        check_trust(bundle, store=store)
    sign(bundle, tmp_path / "new.key")
    check_trust(bundle, store=store)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")
@pytest.mark.parametrize("algorithm", [["RSA"], ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ED448"], ["X25519"]])
def test_a_key_that_is_not_an_ed25519_key_is_refused(bundle, tmp_path, algorithm):
    subprocess.run(["openssl", "genpkey", "-algorithm", *algorithm, "-out", "k"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", "k", "-pubout", "-out", "k.pub"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(SigningError, match="is another kind of key: expected one for Ed25519"):
        check_signed(bundle, [tmp_path / "k.pub"])
    with pytest.raises(SigningError, match="is another kind of key: expected one for Ed25519"):
        sign(bundle, tmp_path / "k")


@pytest.mark.parametrize("content", [b"", b"canary", b"\xff" * 100, b"ssh-ed25519 AAAA canary", b"-----BEGIN PUBLIC KEY-----\n"])
def test_the_error_about_a_file_that_is_not_a_key_names_the_file(bundle, tmp_path, content):
    (tmp_path / "k.pub").write_bytes(content)
    with pytest.raises(SigningError, match=r"k\.pub' is not a public key: expected a PEM file as `bento sign --new-key` writes it"):
        check_signed(bundle, [tmp_path / "k.pub"])
