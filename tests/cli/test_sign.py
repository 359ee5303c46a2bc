"""`bento sign`, and `--key`."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def key(bento):
    shown = bento("sign", "--new-key", "release.key").stdout
    assert re.fullmatch(
        r"release\.key is the private key: keep it to yourself\n"
        r"release\.pub is the public key [0-9a-f]{32}: give it to those who load what you sign\n",
        shown,
    )
    return "release.key"


def test_what_is_signed_here_runs_elsewhere_by_its_key(bento, key, tmp_path):
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


def test_verifying_tells_whose_signature_there_is(bento, key):
    bento("sign", "shop:1", "--key", key)
    assert bento("verify", "shop:1", "--key", "release.pub").stdout.splitlines()[-1] == "shop:1 is signed by release.pub"


def test_verifying_refuses_what_is_not_signed(bento, key):
    done = bento("verify", "shop:2", "--key", "release.pub", code=1)
    assert done.stderr.startswith("Error: shop:2 is not signed by release.pub: loading it would run its code\n")


@pytest.mark.parametrize("arguments", [[], ["shop:1"], ["--key", "release.key"], ["shop:1", "--key", "release.key", "--new-key", "x"]])
def test_signing_wants_to_know_what_and_with_which_key(bento, key, arguments):
    assert bento("sign", *arguments, code=2).stderr.endswith(
        "Error: expected a tag and --key FILE, or --new-key FILE: bento sign iris:latest --key release.key\n"
    )
