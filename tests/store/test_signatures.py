"""Signatures of bundles wherever they have been, and the errors for missing signatures and those of other keys."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bento
from bento.bundle.signing.keys import new_key, read_public_key
from bento.errors import BundleError, SigningError, UntrustedError
from bento.packers import ArchivePacker, FolderPacker
from bento.store import Store, check_trust, load, pull, push, sign, unpack, verify
from bento.store.remotes.remote import Remote
from disks import no_file_beyond

REFUSAL = """\
rose:1 was not made here: loading it would run its code
  made with: bento-core 0.1.0, 2026-11-22T10:15:00Z
  code: meadow:Rose
  model that runs code: extra, kept as 'pickle'
  signature: by the key {key}, which you have not named
  to go on once you know whose key that is: put the public key into {folder}
  to go on if you trust where it came from: --trust on the command line, trust=True in Python"""

UNSIGNED = """\
rose:1 is not signed by {key}: loading it would run its code
  made with: bento-core 0.1.0, 2026-11-22T10:15:00Z
  code: meadow:Rose
  model that runs code: extra, kept as 'pickle'
  signature: none
  to go on: get it from whoever signs it, name the key that has signed it, or sign it with `bento sign rose:1 --key FILE`"""


@pytest.fixture
def maker(tmp_path) -> Store:
    return Store(tmp_path / "maker")


@pytest.fixture
def bundle(maker, service, key):
    """A bundle that was made and signed elsewhere."""
    saved = maker.save(service, version="3")
    sign(saved, key, store=maker)
    return saved


def name(store: Store, public: Path) -> None:
    (store.root / "keys").mkdir(parents=True)
    shutil.copy(public, store.root / "keys")


def test_a_bundle_signed_by_a_named_key_is_loaded_without_further_trust(store, bundle, public):
    with pytest.raises(UntrustedError):
        load(bundle, store=store)
    name(store, public)
    assert load(bundle, store=store).predict([1]) == "setosa"


def test_the_folder_of_keys_may_be_elsewhere(store, bundle, public, tmp_path, monkeypatch):
    (tmp_path / "ours").mkdir()
    shutil.copy(public, tmp_path / "ours")
    monkeypatch.setenv("BENTO_TRUSTED_KEYS", str(tmp_path / "ours"))
    check_trust(bundle, store=store)


def test_a_key_passed_by_the_caller_is_enough(store, bundle, public):
    assert bento.load(bundle, store=store, keys=[public]).predict([1]) == "setosa"


def test_one_key_in_place_of_a_list_is_refused(store, bundle):
    with pytest.raises(SigningError) as caught:
        load(bundle, store=store, keys="release.pub")
    assert (
        str(caught.value)
        == "expected a list of keys and identities whose signature is accepted, got 'release.pub': write keys=['release.pub']"
    )


def test_a_signature_does_not_change_the_bundle(maker, service, key):
    saved = maker.save(service, version="3")
    assert sign("iris:3", key, store=maker) == read_public_key(key).id
    verify(saved)
    assert maker.get("iris:3") == saved


def test_signing_again_gives_the_same_bytes(bundle, maker, key):
    (file,) = bundle.signatures
    before = (bundle.path / file).read_bytes()
    sign(bundle, key, store=maker)
    assert ((bundle.path / file).read_bytes(), bundle.signatures) == (before, (file,))


def test_a_bundle_that_is_there_with_its_signatures_is_left_as_it_is(store, bundle, maker, tmp_path):
    push(bundle, remote := f"file://{tmp_path}/remote", store=maker)
    there = pull("iris:3", remote, store=store).path
    (signature,) = there.glob("*.sig")
    before = [path.stat() for path in (signature, there, there.parent)]
    pull("iris:3", remote, store=store)
    assert [path.stat().st_ctime_ns for path in (signature, there, there.parent)] == [each.st_ctime_ns for each in before]


def test_one_of_several_signatures_is_enough(store, bundle, maker, tmp_path):
    sign(bundle, new_key(tmp_path / "second.key").with_suffix(".key"), store=maker)
    assert len(bundle.signatures) == 2
    check_trust(bundle, store=store, keys=[tmp_path / "second.pub"])


def test_a_signature_is_packed_into_an_archive(store, bundle, public, tmp_path):
    there = unpack(ArchivePacker().pack(bundle, tmp_path / "iris.bento"), store=store)
    check_trust(there, store=store, keys=[public])


def test_a_signature_is_packed_into_a_folder(store, bundle, public, tmp_path):
    assert load(FolderPacker().pack(bundle, tmp_path / "folder"), store=store, keys=[public]).predict([1]) == "setosa"


def test_a_signature_made_later_is_taken_in_by_unpacking_again(store, maker, service, key, tmp_path):
    saved = maker.save(service, version="3")
    unpack(ArchivePacker().pack(saved, tmp_path / "unsigned.bento"), store=store)
    sign(saved, key, store=maker)
    there = unpack(ArchivePacker().pack(saved, tmp_path / "signed.bento"), store=store)
    check_trust(there, store=store, keys=[key.with_suffix(".pub")])


def test_a_signature_is_pushed_and_pulled(elsewhere, store, bundle, maker, public):
    push(bundle, elsewhere, store=maker)
    assert load(pull("iris:3", elsewhere, store=store), store=store, keys=[public]).predict([1]) == "setosa"


def test_a_signature_made_later_is_pushed_and_pulled_after_its_bundle(tmp_path, store, maker, service, key):
    elsewhere, saved = f"file://{tmp_path}/remote", maker.save(service, version="3")
    push(saved, elsewhere, store=maker)
    pull("iris:3", elsewhere, store=store)
    sign(saved, key, store=maker)
    push(saved, elsewhere, store=maker)
    check_trust(pull("iris:3", elsewhere, store=store), store=store, keys=[key.with_suffix(".pub")])
    assert [str(each.tag) for each in Remote(elsewhere).summaries()] == ["iris:3"]


def test_an_unknown_key_is_refused_with_its_fingerprint_and_the_way_out(store, maker, rose, key, public, clock):
    clock(1795342500)
    made = maker.save(rose, version="1")
    sign(made, key, store=maker)
    with pytest.raises(UntrustedError) as caught:
        load(made, store=store)
    assert str(caught.value) == REFUSAL.format(key=read_public_key(public), folder=store.root / "keys")


def test_an_unsigned_bundle_is_refused_if_keys_are_asked_for_even_if_it_was_made_here(store, rose, public, clock):
    clock(1795342500)
    made = store.save(rose, version="1")
    with pytest.raises(UntrustedError) as caught:
        load(made, store=store, keys=[public], trust=True)
    assert str(caught.value) == UNSIGNED.format(key=public)


def test_a_removed_signature_counts_as_missing(store, bundle, public):
    (bundle.path / bundle.signatures[0]).unlink()
    with pytest.raises(UntrustedError, match="\n  signature: none\n"):
        load(bundle, store=store, keys=[public])


def test_a_signature_of_another_bundle_is_wrong(store, maker, bundle, service, public):
    other = maker.save(service, version="4")
    shutil.copy(bundle.path / bundle.signatures[0], other.path)
    fault = f"signature: wrong, and not by {public}: it, or iris:4, has changed since"
    with pytest.raises(UntrustedError, match=fault):
        load(other, store=store, keys=[public])
    name(store, public)
    with pytest.raises(UntrustedError, match="signature: wrong"):
        load(other, store=store)


def test_the_signature_of_a_changed_manifest_does_not_hold(store, bundle, public):
    manifest = bundle.path / "bento.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace("meadow:Iris", "meadow:Rose"))
    with pytest.raises(UntrustedError, match="signature: wrong"):
        load(bundle.path, store=store, keys=[public])


def test_a_signed_bundle_is_still_verified(store, bundle, public):
    source = bundle.path / "src/meadow.py"
    source.chmod(0o644)
    source.write_text(source.read_text().replace("setosa", "canary") + "#")
    with pytest.raises(BundleError, match="is damaged"):
        load(bundle, store=store, keys=[public])


def test_a_damaged_bundle_is_not_signed(maker, service, key):
    made = maker.save(service, version="3")
    (made.path / "src/more.py").touch()
    with pytest.raises(BundleError, match="is damaged"):
        sign(made, key, store=maker)
    assert made.signatures == ()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff" * 90, b'{"public_key": 1, "signature": 2}', b"[" * 5000])
def test_a_file_that_only_looks_like_a_signature_is_named(bundle, content):
    (file,) = bundle.signatures
    (bundle.path / file).write_bytes(content)
    with pytest.raises(BundleError) as caught:
        verify(bundle)
    fault = f"{file!r} is not a signature: expected a file as `bento sign` writes it"
    assert str(caught.value) == f"bundle iris:3 is damaged: {fault}"


def test_a_signature_written_in_another_form_is_refused(bundle):
    file = bundle.path / bundle.signatures[0]
    file.write_text(json.dumps(json.loads(file.read_text())))
    with pytest.raises(BundleError, match="is not a signature"):
        verify(bundle)


def test_a_new_private_key_is_readable_by_its_owner_only(key, public):
    assert (key.stat().st_mode & 0o777, public.stat().st_mode & 0o777) == (0o600, 0o644)


def test_a_private_key_that_others_may_read_is_refused(maker, service, key):
    made = maker.save(service, version="3")
    key.chmod(0o640)
    with pytest.raises(SigningError) as caught:
        sign(made, key, store=maker)
    assert str(caught.value) == f"{str(key)!r} is a private key that others may read, with the mode 0640: chmod 600 {key}"


def test_an_existing_key_is_not_overwritten(key):
    with pytest.raises(SigningError, match="is there already: bento does not overwrite keys, choose another name"):
        new_key(key)


def test_a_key_that_does_not_fit_on_the_disk_leaves_no_file(tmp_path):
    key = tmp_path / "release.key"
    with pytest.raises(SigningError) as caught, no_file_beyond(100):
        new_key(key)
    assert str(caught.value) == f"cannot write the key {str(key)!r}: File too large"
    assert list(tmp_path.iterdir()) == []


def test_no_private_key_is_left_if_its_public_key_cannot_be_written(tmp_path):
    with pytest.raises(SigningError, match=r"\.pub': File name too long"):
        new_key(tmp_path / ("k" * 252))
    assert list(tmp_path.iterdir()) == []


def test_the_public_key_needs_a_name_of_its_own(tmp_path):
    with pytest.raises(SigningError, match=r"is what the public key would be called: choose a name like 'release.key' for the private one"):
        new_key(tmp_path / "release.pub")


def test_signing_with_a_public_key_is_refused(maker, service, public):
    with pytest.raises(SigningError, match="is not a private key: sign with one, as `bento sign --new-key` or openssl writes it"):
        sign(maker.save(service, version="3"), public, store=maker)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")
def test_keys_made_by_openssl_work_and_have_the_fingerprint_that_it_shows(maker, store, service, tmp_path):
    def openssl(*arguments: str) -> bytes:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True).stdout

    openssl("genpkey", "-algorithm", "ed25519", "-out", "ours.pem")
    (tmp_path / "ours.pem").chmod(0o600)
    openssl("pkey", "-in", "ours.pem", "-pubout", "-out", "ours.pub")
    made = maker.save(service, version="3")
    (tmp_path / "der").write_bytes(openssl("pkey", "-in", "ours.pem", "-pubout", "-outform", "DER"))
    digest = openssl("dgst", "-sha256", "-r", "der").split()[0].decode()
    assert sign(made, tmp_path / "ours.pem", store=maker) == digest[:32]
    check_trust(made, store=store, keys=[tmp_path / "ours.pub"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")
@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["-algorithm", "rsa"], "is another kind of key: expected one for Ed25519"),
        (["-algorithm", "ed25519", "-aes256", "-pass", "pass:x"], "needs a passphrase, which bento does not ask for"),
    ],
)
def test_keys_of_other_kinds_are_refused(maker, service, tmp_path, arguments, fault):
    subprocess.run(["openssl", "genpkey", *arguments, "-out", tmp_path / "key"], check=True, capture_output=True)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(SigningError, match=fault):
        sign(maker.save(service, version="3"), tmp_path / "key", store=maker)


def test_a_file_in_the_folder_of_keys_that_is_not_a_key_is_named(store, bundle, public):
    name(store, public)
    (store.root / "keys/notes.txt").write_text("canary")
    with pytest.raises(SigningError, match=r"notes\.txt' is not a public key: expected a PEM file as `bento sign --new-key` writes it"):
        load(bundle, store=store)


def test_a_key_that_anybody_may_change_is_not_trusted(store, bundle, public):
    name(store, public)
    (store.root / "keys" / public.name).chmod(0o666)
    with pytest.raises(SigningError, match=r"anybody may change .*, so it says nothing about trust: chmod o-w "):
        load(bundle, store=store)


def test_without_cryptography_the_error_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['cryptography'] = None\n"
    code += "from pathlib import Path; from bento.bundle.signing.keys import new_key; new_key(Path('k'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr.endswith("SigningError: signatures need cryptography: pip install 'bento-core[sign]'\n")
