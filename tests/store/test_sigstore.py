"""Signatures through Sigstore, made and checked by its library with an instance of its services on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bento
from bento.bundle.signing.signatures import add_signatures
from bento.bundle.signing.sigstore_file import SigstoreSignature
from bento.errors import BundleError, SigningError, UntrustedError
from bento.packers import ArchivePacker
from bento.store import Store, attach, check_signed, check_trust, load, pull, push, sign, unpack
from bento.store.trust.provenance import provenance
from sigstore_instance import ISSUER, sigstore_instance

CI = "https://example.com/ours/release.yml@refs/heads/main"

REFUSAL = """\
rose:1 was not made here: loading it would run its code
  made with: bento-core 0.1.0, 2026-11-22T10:15:00Z
  code: meadow:Rose
  model that runs code: extra, kept as 'pickle'
  signature: says that it is by 'ci@example.com' of 'https://token.example.com', which you have not named
  to go on once you know who that is: --identity NAME --issuer URL, or a file that names both in {folder}
  to go on if you trust where it came from: --trust on the command line, trust=True in Python"""

UNSIGNED = """\
rose:1 is not signed by eve@example.com of https://token.example.com: loading it would run its code
  made with: bento-core 0.1.0, 2026-11-22T10:15:00Z
  code: meadow:Rose
  model that runs code: extra, kept as 'pickle'
  signature: says that it is by 'ci@example.com' of 'https://token.example.com', which you have not named
  to go on: get it from whoever signs it, name the identity that has signed it, or sign it with `bento sign rose:1 --sigstore`"""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(1, id="log-with-times"),
        pytest.param(
            2,
            id="log-and-timestamps",
            marks=pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl"),
        ),
    ],
)
def each_instance(request):
    with sigstore_instance(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def instance():
    with sigstore_instance() as running:
        yield running


@pytest.fixture
def config(instance, tmp_path) -> Path:
    return write(tmp_path / "config.json", instance.trust_config)


@pytest.fixture
def root(instance, tmp_path) -> Path:
    return write(tmp_path / "trusted_root.json", instance.trusted_root)


@pytest.fixture
def identity(root) -> bento.Identity:
    return bento.Identity("ci@example.com", issuer=ISSUER, trusted_root=root)


@pytest.fixture
def maker(tmp_path) -> Store:
    return Store(tmp_path / "maker")


@pytest.fixture
def bundle(maker, service, instance, config):
    """A bundle that was made and signed elsewhere."""
    saved = maker.save(service, version="3")
    sign(saved, bento.IdentityToken(instance.token("ci@example.com"), trust_config=config), store=maker)
    return saved


@pytest.fixture
def garden(maker, rose, instance, config, clock):
    """A bundle that was made at a known time."""
    clock(1795342500)
    saved = maker.save(rose, version="1")
    sign(saved, bento.IdentityToken(instance.token("ci@example.com"), trust_config=config), store=maker)
    return saved


def write(file: Path, document: object) -> Path:
    file.write_text(json.dumps(document))
    return file


def test_a_bundle_signed_by_a_named_identity_is_loaded(each_instance, store, maker, service, tmp_path):
    config = write(tmp_path / "config.json", each_instance.trust_config)
    made = maker.save(service, version="3")
    token = bento.IdentityToken(each_instance.token("ann@example.com"), trust_config=config)
    assert sign(made, token, store=maker) == "ann@example.com of https://token.example.com"
    with pytest.raises(UntrustedError):
        load(made, store=store)
    root = write(tmp_path / "trusted_root.json", each_instance.trusted_root)
    for trusted_root in (root, config):
        ann = bento.Identity("ann@example.com", issuer=ISSUER, trusted_root=trusted_root)
        assert load(made, store=store, keys=[ann]).predict([1]) == "setosa"


def test_a_workflow_signs_as_itself(instance, monkeypatch, config, root, maker, service):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{instance.url}/token")
    made = maker.save(service, version="3")
    assert sign(made, bento.IdentityToken(trust_config=config), store=maker) == f"{CI} of {ISSUER}"
    identity = bento.Identity(CI, issuer=ISSUER, trusted_root=root)
    assert check_signed(made, [identity]) == f"{CI} of {ISSUER}"


def test_an_identity_in_a_file_is_named_as_a_key_is(store, bundle, identity, root):
    file = write(root.parent / "ci.json", {"identity": "ci@example.com", "issuer": ISSUER, "trusted_root": root.name})
    assert check_signed(bundle, [file]) == str(file)
    (store.root / "keys").mkdir(parents=True)
    write(store.root / "keys/ci.json", json.loads(file.read_text()) | {"trusted_root": str(root)})
    assert load(bundle, store=store).predict([1]) == "setosa"


def test_a_bundle_signed_by_an_identity_that_is_not_named_is_refused(store, garden):
    with pytest.raises(UntrustedError) as caught:
        check_trust(garden, store=store)
    assert str(caught.value) == REFUSAL.format(folder=store.root / "keys")


def test_a_signature_of_another_identity_is_refused_and_names_it(garden, root):
    with pytest.raises(UntrustedError) as caught:
        check_signed(garden, [bento.Identity("eve@example.com", issuer=ISSUER, trusted_root=root)])
    assert str(caught.value) == UNSIGNED


def test_the_same_name_at_another_issuer_is_another_identity(bundle, root):
    other = bento.Identity("ci@example.com", issuer="https://accounts.google.com", trusted_root=root)
    with pytest.raises(
        UntrustedError, match=r"says that it is by 'ci@example\.com' of 'https://token\.example\.com', which you have not named"
    ):
        check_signed(bundle, [other])


def test_a_signature_made_at_another_instance_is_refused(bundle, tmp_path):
    with sigstore_instance() as other:
        file = write(tmp_path / "other.json", other.trusted_root)
    with pytest.raises(UntrustedError, match=rf"signature: wrong, .*: its certificate is not from the authority of '{file}', or was not"):
        check_signed(bundle, [bento.Identity("ci@example.com", issuer=ISSUER, trusted_root=file)])


def test_an_identity_without_a_trusted_root_is_one_of_the_public_instance(bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(UntrustedError, match="its certificate is not from the authority of Sigstore's public instance, or was not valid"):
        check_signed(bundle, [bento.Identity("ci@example.com", issuer=ISSUER)])


def test_a_signature_logged_after_its_certificate_had_expired_is_refused(instance, maker, service, identity, tmp_path, monkeypatch):
    made = maker.save(service, version="3")
    monkeypatch.setattr(instance, "ahead", 3600)
    (tmp_path / "late.json").write_bytes(instance.sign((made.path / "bento.json").read_bytes()))
    attach(made, tmp_path / "late.json", store=maker)
    with pytest.raises(
        UntrustedError, match=r"or was not valid when it signed: .*(cert is not valid at validation time|certificate has expired)"
    ):
        check_signed(made, [identity])


def test_the_signature_of_a_changed_manifest_does_not_hold(bundle, identity):
    manifest = bundle.path / "bento.json"
    manifest.write_text(manifest.read_text().replace("meadow:Iris", "meadow:Rose"))
    with pytest.raises(UntrustedError, match=rf"signature: wrong, and not by {identity}: Bundle message digest mismatch"):
        check_signed(bento.bundle.open_bundle(bundle.path), [identity])


@pytest.mark.parametrize("elsewhere", ["file", "small_registry"], indirect=True)
def test_a_signature_of_an_identity_goes_through_an_archive_and_a_remote(elsewhere, store, bundle, maker, identity, tmp_path):
    there = unpack(ArchivePacker().pack(bundle, tmp_path / "iris.bento"), store=store)
    assert there.signatures == bundle.signatures
    push(there, elsewhere, store=store)
    third = Store(tmp_path / "third")
    assert check_signed(pull("iris:3", elsewhere, store=third), [identity]) == str(identity)


def test_a_signature_of_the_manifest_by_another_program_is_accepted(instance, store, maker, service, identity, tmp_path):
    made = maker.save(service, version="3")
    (tmp_path / "iris.sigstore.json").write_bytes(instance.sign((made.path / "bento.json").read_bytes()))
    attach(made, tmp_path / "iris.sigstore.json", store=maker)
    check_trust(made, store=store, keys=[identity])


def test_a_signature_of_something_else_is_not_put_beside_a_bundle(instance, maker, service, tmp_path):
    made = maker.save(service, version="3")
    (tmp_path / "other.json").write_bytes(instance.sign(b"canary"))
    with pytest.raises(SigningError) as caught:
        attach(made, tmp_path / "other.json", store=maker)
    assert str(caught.value) == (
        f"'{tmp_path}/other.json' is not a signature of iris:3: expected one of its bento.json, {made.path / 'bento.json'}"
    )
    assert made.signatures == ()


def test_a_file_that_is_not_a_signature_is_named(bundle, tmp_path):
    with pytest.raises(BundleError) as caught:
        attach(bundle, write(tmp_path / "x.json", {"mediaType": "application/json"}))
    assert (
        str(caught.value)
        == f"'{tmp_path}/x.json' is not a signature: expected a file as `bento sign` or `cosign sign-blob --bundle` writes it"
    )


def test_provenance_shows_who_claims_to_have_signed_and_whether_that_holds(store, maker, bundle, root):
    assert provenance(bundle, store)["signatures"] == [{"identity": "ci@example.com", "issuer": ISSUER, "holds": None, "file": None}]
    (store.root / "keys").mkdir(parents=True)
    file = write(store.root / "keys/ci.json", {"identity": "ci@example.com", "issuer": ISSUER, "trusted_root": str(root)})
    assert provenance(bundle, store)["signatures"] == [{"identity": "ci@example.com", "issuer": ISSUER, "holds": True, "file": str(file)}]
    assert provenance(bundle, store)["trusted"] == {"how": "signed"}


def test_signing_with_an_invalid_token_is_refused(bundle, config):
    with pytest.raises(SigningError) as caught:
        sign(bundle, bento.IdentityToken("canary", trust_config=config))
    assert str(caught.value) == (
        "the identity token is of no use: Identity token is malformed or missing claims: get a new one, which lasts a few minutes"
    )


def test_signing_in_a_ci_job_without_permission_for_a_token_is_refused(bundle, config, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", raising=False)
    with pytest.raises(SigningError) as caught:
        sign(bundle, bento.IdentityToken(trust_config=config))
    assert str(caught.value) == (
        "this CI job gives no identity to sign with: GitHub: missing or insufficient OIDC token permissions, "
        "the ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset: allow it to ask for one, on GitHub by `id-token: write`"
    )


def test_signing_with_a_token_that_the_authority_refuses_fails(instance, config, maker, service):
    made, token = maker.save(service, version="3"), instance.token("ci@example.com")
    forged = bento.IdentityToken(token[:-4] + "AAAA", trust_config=config)
    with pytest.raises(SigningError, match=r"Sigstore has not signed iris:3: 401 Client Error: Unauthorized for url: http://127\.0\.0\.1"):
        sign(made, forged, store=maker)
    assert made.signatures == ()


def test_signing_fails_if_the_services_do_not_answer(instance, maker, service, tmp_path):
    document = instance.trust_config
    document["signingConfig"]["caUrls"][0]["url"] = "http://127.0.0.1:1"
    token = bento.IdentityToken(instance.token("ci@example.com"), trust_config=write(tmp_path / "config.json", document))
    with pytest.raises(SigningError, match=r"Sigstore has not signed iris:3: .*127\.0\.0\.1.*"):
        sign(maker.save(service, version="3"), token, store=maker)


def test_a_signature_that_does_not_hold_is_not_kept(instance, maker, service, config, monkeypatch):
    made = maker.save(service, version="3")
    monkeypatch.setattr(instance, "ahead", 3600)
    with pytest.raises(SigningError, match="Sigstore has signed iris:3, but the signature is not valid here: its certificate is not from"):
        sign(made, bento.IdentityToken(instance.token("ci@example.com"), trust_config=config), store=maker)
    assert made.signatures == ()


@pytest.mark.parametrize(("name", "issuer"), [("", ISSUER), ("ci@example.com", "")])
def test_an_identity_needs_a_name_and_an_issuer(name, issuer):
    with pytest.raises(SigningError) as caught:
        bento.Identity(name, issuer=issuer)
    assert str(caught.value) == (
        f"an identity is a name and the URL of the issuer that vouches for it, got {name!r} and {issuer!r}: "
        "without the issuer, it could be anybody with that name"
    )


def test_a_token_is_never_shown():
    assert "canary" not in repr(bento.IdentityToken("canary"))


def test_without_the_library_the_error_says_what_to_install(bundle, identity, tmp_path):
    code = (
        "import sys; sys.modules['sigstore'] = None\n"
        "import bento; from pathlib import Path; from bento.store import Store, check_trust\n"
        f"target, store = Path({str(bundle.path)!r}), Store(Path({str(tmp_path / 'there')!r}))\n"
        "bundle = bento.bundle.open_bundle(target)\n"
        f"works = [lambda: check_trust(bundle, store=store), lambda: check_trust(bundle, keys=[bento.Identity('a', issuer='b')]),\n"
        "         lambda: bento.sign(bundle, bento.IdentityToken('c'))]\n"
        "for work in works:\n"
        "    try: work()\n"
        "    except bento.BentoError as error: print([line for line in str(error).splitlines() if 'pip' in line])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    asked = "['signatures through Sigstore need its library: pip install \\'bento-core[sigstore]\\'']"
    assert done.stdout.replace('"', "'").splitlines() == [
        "['  signature: through Sigstore, whose library can tell whose it is: pip install 'bento-core[sigstore]'']",
        asked.replace("\\", ""),
        asked.replace("\\", ""),
    ]


def test_signing_without_a_source_of_an_identity_is_refused(bundle, config, monkeypatch):
    for name in ("BUILDKITE", "CIRCLECI", "GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SigningError) as caught:
        sign(bundle, bento.IdentityToken(trust_config=config))
    assert str(caught.value) == (
        "there is no identity to sign with: run it in a CI job that may ask for an OpenID Connect token, or give one, "
        "such as `sigstore get-identity-token` prints"
    )


def test_signing_with_a_configuration_without_services_is_refused(bundle, instance, root):
    with pytest.raises(SigningError, match=r"trusted_root\.json' is not a configuration of Sigstore's clients, which names its services: "):
        sign(bundle, bento.IdentityToken(instance.token("ci@example.com"), trust_config=root))


def test_signing_fails_if_the_public_instance_is_out_of_reach(bundle, instance, monkeypatch, tmp_path):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(SigningError) as caught:
        sign(bundle, bento.IdentityToken(instance.token("ci@example.com")))
    assert str(caught.value) == (
        "cannot reach Sigstore's public instance: Failed to refresh TUF metadata: signing needs the network, or --trust-config"
    )


def test_a_root_of_trust_that_cannot_be_read_is_named(bundle, monkeypatch, tmp_path):
    with pytest.raises(SigningError, match=r"cannot read '.*/none\.json': No such file or directory"):
        check_signed(bundle, [bento.Identity("ci@example.com", issuer=ISSUER, trusted_root=tmp_path / "none.json")])
    monkeypatch.setenv("XDG_CACHE_HOME", str(write(tmp_path / "file", [])))
    with pytest.raises(SigningError, match=r"cannot read Sigstore's public root of trust: .*Not a directory.*: name a file that has one"):
        check_signed(bundle, [bento.Identity("ci@example.com", issuer=ISSUER)])


def test_a_signature_without_a_certificate_is_refused(maker, service, identity):
    made = maker.save(service, version="3")
    signature = SigstoreSignature(b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}')
    add_signatures(made, [signature])
    with pytest.raises(UntrustedError, match=f"signature: wrong: '{signature.name}' holds no certificate with a name and an issuer"):
        check_signed(made, [identity])
