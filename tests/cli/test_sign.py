"""`bento sign`, and `--key`."""

from __future__ import annotations

import json
import re

import pytest

from sigstore_instance import ISSUER, sigstore_instance


@pytest.fixture
def key(bento):
    shown = bento("sign", "--new-key", "release.key").stdout
    assert re.fullmatch(
        r"release\.key is the private key: keep it to yourself\n"
        r"release\.pub is the public key [0-9a-f]{32}: give it to those who load what you sign\n",
        shown,
    )
    return "release.key"


def test_a_bundle_signed_here_runs_elsewhere_by_its_key(bento, key, tmp_path):
    assert re.fullmatch(r"shop:1 is signed by the key [0-9a-f]{32}\n", bento("sign", "shop:1", "--key", key).stdout)
    bento("pack", "shop:1", "archive", "shop.bento")
    elsewhere = ("--store", tmp_path / "elsewhere")
    bento("unpack", "shop.bento", *elsewhere)
    ask = ("run", "shop:1", "price", "--input", '"tea"', *elsewhere)
    assert "signature: by the key" in bento(*ask, code=1).stderr
    assert bento(*ask, "--key", "release.pub").stdout == "3\n"
    (tmp_path / "elsewhere/keys").mkdir()
    (tmp_path / "elsewhere/keys/release.pub").write_text((tmp_path / "release.pub").read_text())
    assert bento(*ask).stdout == "3\n"


def test_a_key_can_be_made_and_used_at_once(bento):
    assert bento("sign", "shop:1", "--new-key", "team.key").stdout.splitlines()[-1].startswith("shop:1 is signed by the key ")


def test_verifying_prints_whose_signatures_there_are(bento, key):
    bento("sign", "shop:1", "--key", key)
    assert bento("verify", "shop:1", "--key", "release.pub").stdout.splitlines()[-1] == "shop:1 is signed by release.pub"


def test_verifying_refuses_a_bundle_that_is_not_signed(bento, key):
    done = bento("verify", "shop:2", "--key", "release.pub", code=1)
    assert done.stderr.startswith("Error: shop:2 is not signed by release.pub: loading it would run its code\n")


@pytest.mark.parametrize("arguments", [[], ["shop:1"], ["--key", "release.key"], ["shop:1", "--key", "release.key", "--new-key", "x"]])
def test_signing_needs_a_bundle_and_a_key(bento, key, arguments):
    assert bento("sign", *arguments, code=2).stderr.endswith(
        "Error: expected a tag and one of --key FILE, --sigstore and --signature FILE, or --new-key FILE: "
        "bento sign iris:latest --key release.key\n"
    )


@pytest.fixture
def instance(tmp_path):
    """The services of Sigstore, with their files in the current folder."""
    with sigstore_instance() as running:
        (tmp_path / "token").write_text(running.token("ci@example.com") + "\n")
        (tmp_path / "config.json").write_text(json.dumps(running.trust_config))
        (tmp_path / "root.json").write_text(json.dumps(running.trusted_root))
        yield running


def test_a_bundle_signed_by_an_identity_runs_elsewhere_if_the_identity_is_named(bento, instance, tmp_path):
    signed = bento("sign", "shop:1", "--sigstore", "--identity-token", "token", "--trust-config", "config.json").stdout
    assert signed == f"shop:1 is signed by ci@example.com of {ISSUER}\n"
    bento("pack", "shop:1", "archive", "shop.bento")
    elsewhere = ("--store", tmp_path / "elsewhere")
    bento("unpack", "shop.bento", *elsewhere)
    ask = ("run", "shop:1", "price", "--input", '"tea"', *elsewhere)
    assert "signature: says that it is by 'ci@example.com' of " in bento(*ask, code=1).stderr
    assert bento(*ask, "--identity", "ci@example.com", "--issuer", ISSUER, "--trusted-root", "root.json").stdout == "3\n"
    (tmp_path / "ci.json").write_text(json.dumps({"identity": "ci@example.com", "issuer": ISSUER, "trusted_root": "root.json"}))
    assert bento(*ask, "--key", "ci.json").stdout == "3\n"
    shown = bento("show", "shop:1", "--provenance").stdout
    assert f"\nsigned       says that it is by ci@example.com of {ISSUER}, which you have not named\n" in shown


def test_a_token_may_come_from_the_environment(bento, instance, monkeypatch, tmp_path):
    monkeypatch.setenv("SIGSTORE_IDENTITY_TOKEN", (tmp_path / "token").read_text())
    assert bento("sign", "shop:1", "--sigstore", "--trust-config", "config.json").stdout.startswith(
        "shop:1 is signed by ci@example.com of "
    )


def test_a_signature_of_another_program_can_be_verified_and_put_beside_the_bundle(bento, instance, tmp_path):
    (tmp_path / "shop.json").write_bytes(instance.sign((tmp_path / "home/bundles/shop/1/bento.json").read_bytes()))
    ask = ("verify", "shop:1", "--identity", "ci@example.com", "--issuer", ISSUER, "--trusted-root", "root.json")
    assert bento(*ask, code=1).stderr.splitlines()[-2] == "  signature: none"
    said = f"shop:1 is signed by ci@example.com of {ISSUER}"
    assert bento(*ask, "--signature", "shop.json").stdout.splitlines()[-1] == said
    assert bento("sign", "shop:1", "--signature", "shop.json").stdout == (
        "shop:1 has the signature shop.json beside it: `bento verify` tells whose it is\n"
    )
    assert bento(*ask).stdout.splitlines()[-1] == said


@pytest.mark.parametrize(
    "arguments", [["--identity", "ci@example.com"], ["--issuer", "https://example.com"], ["--trusted-root", "release.pub"]]
)
def test_an_identity_without_its_issuer_is_refused(bento, key, arguments):
    assert bento("verify", "shop:1", *arguments, code=2).stderr.endswith(
        "Error: expected --identity NAME and --issuer URL together: the name alone could be anybody's\n"
    )


def test_verifying_a_signature_file_without_naming_a_signer_is_refused(bento, key):
    assert bento("verify", "shop:1", "--signature", key, code=2).stderr.endswith(
        "Error: expected the signer to check for: --key FILE, or --identity NAME and --issuer URL\n"
    )


def test_options_of_sigstore_without_sigstore_are_refused(bento, key):
    assert bento("sign", "shop:1", "--key", key, "--trust-config", key, code=2).stderr.endswith(
        "Error: expected --sigstore with --identity-token and --trust-config: no other signature takes them\n"
    )
