"""A signature by way of Sigstore is valid only unchanged: no part of it can be left out, changed or taken from another one."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bento.bundle import verify
from bento.bundle.model import Bundle
from bento.bundle.signing.identity import Identity
from bento.bundle.signing.signatures import add_signatures
from bento.bundle.signing.sigstore_file import MAX_SIGSTORE, SigstoreSignature
from bento.errors import BundleError, SigningError, UntrustedError
from bento.store import Store, attach, check_signed, check_trust
from sigstore_instance import ISSUER, SigstoreInstance, sigstore_instance

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")


# The digest that a signature repeats is not needed to check it; nor are timestamps if the log tells the time.
NEEDLESS = {("messageSignature", "messageDigest"), ("verificationMaterial", "timestampVerificationData")}


@pytest.fixture(scope="module")
def instance():
    with sigstore_instance() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("signed")


@pytest.fixture(scope="module")
def bundle(make_bundle, folder) -> Bundle:
    return make_bundle(folder / "bundle")


@pytest.fixture(scope="module")
def content(bundle) -> bytes:
    return (bundle.path / "bento.json").read_bytes()


@pytest.fixture(scope="module")
def identity(instance, folder) -> Identity:
    return Identity("ci@example.com", issuer=ISSUER, trusted_root=write(folder / "trusted_root.json", instance.trusted_root))


@pytest.fixture(scope="module")
def right(instance, content) -> dict[str, Any]:
    """A valid signature."""
    return json.loads(instance.sign(content))


@pytest.fixture(scope="module")
def other(instance) -> dict[str, Any]:
    """A signature of something else by the same identity."""
    return json.loads(instance.sign(b"canary"))


def write(file: Path, document: object) -> Path:
    file.write_text(json.dumps(document))
    return file


def fault(identity: Identity, document: object, bundle: Bundle) -> str | None:
    return identity.fault(SigstoreSignature(json.dumps(document).encode()), bundle.fingerprint)


def steps(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths to all values in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in inner for each in steps(item, (*path, key)))]


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def test_an_unchanged_signature_is_valid(identity, bundle, right):
    assert fault(identity, right, bundle) is None


@given(st.data())
def test_no_part_of_a_signature_can_be_left_out_or_taken_from_another(identity, bundle, right, other, data):
    shared = set(steps(other)) - {()}
    path = data.draw(st.sampled_from([each for each in steps(right) if each in shared and at(other, each) != at(right, each)]))
    changed = copy.deepcopy(right)
    if data.draw(st.booleans()):
        at(changed, path[:-1])[path[-1]] = at(other, path)
    else:
        del at(changed, path[:-1])[path[-1]]
    said = fault(identity, changed, bundle)
    assert said or path[:2] in NEEDLESS


@given(st.data())
def test_any_other_value_in_a_signature_is_a_fault_and_never_an_exception(identity, bundle, right, data):
    path = data.draw(st.sampled_from(steps(right)[1:]))
    value = data.draw(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary().map(repr), st.lists(st.text(), max_size=2)))
    changed = copy.deepcopy(right)
    before, at(changed, path[:-1])[path[-1]] = at(changed, path), value
    assert fault(identity, changed, bundle) or value == before or path[:2] in NEEDLESS


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_a_fault(identity, bundle, garbage):
    assert identity.fault(SigstoreSignature(garbage), bundle.fingerprint)


@pytest.mark.parametrize("kind", ["tlogs", "ctlogs", "certificateAuthorities"])
def test_each_part_of_the_root_of_trust_is_needed(instance, identity, bundle, right, tmp_path, kind):
    with sigstore_instance() as stranger:
        swapped = {**instance.trusted_root, kind: stranger.trusted_root[kind]}
    for number, document in enumerate((swapped, {**swapped, kind: []})):
        root = write(tmp_path / f"{number}.json", document)
        assert fault(Identity(identity.name, issuer=ISSUER, trusted_root=root), right, bundle)


@pytest.mark.parametrize("what", ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"])
@needs_openssl
def test_an_attestation_that_the_bundle_was_built_is_a_valid_signature(bundle, content, tmp_path, what):
    with sigstore_instance(2) as instance:
        ci = Identity("ci@example.com", issuer=ISSUER, trusted_root=write(tmp_path / "root.json", instance.trusted_root))
        signature = SigstoreSignature(instance.attest(content, what))
        assert (ci.fault(signature, bundle.fingerprint), signature.fits(bundle.fingerprint)) == (None, True)


@needs_openssl
def test_an_attestation_of_anything_else_is_not_a_valid_signature(bundle, content, tmp_path):
    said = "it attests something other than the building of this bundle's bento.json"
    with sigstore_instance(2) as instance:
        ci = Identity("ci@example.com", issuer=ISSUER, trusted_root=write(tmp_path / "root.json", instance.trusted_root))
        for made in (instance.attest(content, "https://in-toto.io/attestation/vulns/v0.1"), instance.attest(b"canary")):
            signature = SigstoreSignature(made)
            assert (ci.fault(signature, bundle.fingerprint), signature.fits(bundle.fingerprint)) == (said, False)


@pytest.fixture
def signed(make_bundle, tmp_path, instance) -> Bundle:
    made = make_bundle(tmp_path / "bundle")
    add_signatures(made, [SigstoreSignature(instance.sign((made.path / "bento.json").read_bytes()))])
    return made


FORGERIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "expected JSON as"),
    "cut off": (lambda content: content[:-1], "expected JSON as"),
    "of no kind": (lambda _: b"{}", "expected JSON as"),
    "another kind": (lambda content: content.replace(b"dev.sigstore.bundle", b"dev.other.bundle"), "expected JSON as"),
    "no object": (lambda content: b"[" + content + b"]", "expected JSON as"),
    "deep": (lambda _: b"[" * 60000, "expected JSON as"),
    "large": (lambda content: content + b" " * MAX_SIGSTORE, f"expected at most {MAX_SIGSTORE} bytes of Sigstore's JSON"),
    "longer": (lambda content: content + b" ", "its name is that of another one"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_file_that_is_not_what_its_name_says_is_not_a_signature(signed, forgery):
    (name,) = signed.signatures
    change, expected = FORGERIES[forgery]
    (signed.path / name).write_bytes(change((signed.path / name).read_bytes()))
    with pytest.raises(BundleError, match=f"'{name}' is not a signature: {expected}"):
        verify(signed)


@pytest.mark.parametrize("name", ["bento.{}.sigstore", "bento.{}.SIGSTORE.json", "bento.{}0.sigstore.json", "src/bento.{}.sigstore.json"])
def test_a_file_whose_name_only_resembles_that_of_a_signature_is_refused(signed, name):
    (signed.path / name.format("0" * 32)).touch()
    with pytest.raises(BundleError, match=r"is a file that bento\.json does not list"):
        verify(signed)


def test_a_signature_that_is_a_link_is_refused(signed, identity, tmp_path):
    file = signed.path / signed.signatures[0]
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="is a link"):
        verify(signed)
    with pytest.raises(BundleError, match="cannot read"):
        check_signed(signed, [identity])


def test_escape_sequences_in_a_certificate_are_shown_as_text(make_bundle, tmp_path, instance, identity):
    made = make_bundle(tmp_path / "bundle")
    evil = "https://example.com/\n  signature: right\x1b[2J"
    add_signatures(made, [SigstoreSignature(instance.sign((made.path / "bento.json").read_bytes(), evil))])
    with pytest.raises(UntrustedError, match=r"says that it is by 'https://example\.com/\\n  signature: right\\x1b\[2J' of "):
        check_signed(made, [identity])


@pytest.mark.parametrize(
    "content",
    [
        '{"identity": "ci@example.com"}',
        '{"identity": "ci@example.com", "issuer": "https://token.example.com", "regexp": true}',
        '{"identity": ["ci@example.com"], "issuer": "https://token.example.com"}',
        '{"identity": "ci@example.com", "issuer": "https://token.example.com"',
        '{"identity": "", "issuer": ""}',
    ],
)
def test_a_file_that_does_not_name_exactly_one_identity_is_refused(signed, tmp_path, content):
    (tmp_path / "ci.json").write_text(content)
    with pytest.raises(
        SigningError, match=r"ci\.json' names no identity|an identity is a name and the URL of the issuer that vouches for it"
    ):
        check_signed(signed, [tmp_path / "ci.json"])


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"mediaType": 1}', b"\xff" * 9, b" " * (1 << 20) + b"{}"])
def test_the_error_about_a_file_that_is_not_a_root_of_trust_names_the_file(signed, tmp_path, content):
    (tmp_path / "root.json").write_bytes(content)
    with pytest.raises(SigningError, match=r"root\.json' is not a (root of trust: expected a `trusted_root.json` of|file of) Sigstore's: "):
        check_signed(signed, [Identity("ci@example.com", issuer=ISSUER, trusted_root=tmp_path / "root.json")])


def test_a_root_of_trust_that_anybody_may_change_is_refused(signed, tmp_path, instance):
    store = Store(tmp_path / "store")
    (store.root / "keys").mkdir(parents=True)
    root = write(tmp_path / "root.json", instance.trusted_root)
    write(store.root / "keys/ci.json", {"identity": "ci@example.com", "issuer": ISSUER, "trusted_root": str(root)})
    check_trust(signed, store=store)
    root.chmod(0o666)
    with pytest.raises(SigningError, match=r"anybody may change '.*root\.json', so it says nothing about trust: chmod o-w "):
        check_trust(signed, store=store)


def test_no_signature_is_attached_to_a_damaged_bundle(make_bundle, tmp_path, instance: SigstoreInstance):
    made = make_bundle(tmp_path / "bundle")
    (tmp_path / "made.json").write_bytes(instance.sign((made.path / "bento.json").read_bytes()))
    (made.path / "README.md").write_text("canary")
    with pytest.raises(BundleError, match=r"'README\.md' has 6 bytes, expected 7"):
        attach(made, tmp_path / "made.json")
    assert made.signatures == ()
