"""`bento show --provenance`."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import sys
import sysconfig
from tempfile import TemporaryDirectory

import pytest

from bento import Store, __version__

HERE = f"Python {'.'.join(map(str, sys.version_info[:3]))} on {sysconfig.get_platform()}"
COMMIT = "0123456789" * 4


def shown(bento, *arguments, **options) -> dict[str, str]:
    """The texts shown, by label; a line without a label belongs to the label before it."""
    lines = bento("show", *arguments, "--provenance", **options).stdout.splitlines()
    found: dict[str, str] = {}
    for line in lines:
        label, text = line[:11].strip() or label, line[13:]  # noqa: F821 - the first line has one
        found[label] = f"{found[label]}\n{text}" if label in found else text
    return found


def test_a_bundle_saved_here_shows_from_what_when_and_by_whom_it_was_saved(bento, home):
    bundle, told = Store(home).get("shop:2"), shown(bento, "shop:2")
    assert list(told) == ["tag", "fingerprint", "made", "code", "materials", "signed", "came from", "trusted"]
    assert told["fingerprint"] == f"sha256:{bundle.fingerprint}"
    assert told["made"] == f"{bundle.manifest.created} with bento-core {__version__}, {HERE}"
    assert told["code"] == "shop:Shop\nno Git commit is known"
    assert re.fullmatch(r"sbom\.cdx\.json, sha256:[0-9a-f]{64}", told["materials"])
    assert (told["signed"], told["came from"]) == ("by nobody", "saved here")
    assert re.fullmatch(rf"yes: saved, 20\S+ by {getpass.getuser()}", told["trusted"])


def test_the_commit_is_shown_with_whether_the_code_differs_from_it(bento, make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "there", code={"commit": COMMIT, "dirty": True, "path": "services/iris.py"})
    assert shown(bento, bundle.path)["code"] == (f"iris:Iris\nservices/iris.py of commit {COMMIT}, with changes that it does not have")


def test_a_bundle_from_elsewhere_shows_where_it_came_from_and_that_it_is_not_trusted(bento, tmp_path):
    bento("pack", "shop:1", "archive", "shop.bento")
    elsewhere = ("--store", tmp_path / "elsewhere")
    bento("unpack", "shop.bento", *elsewhere)
    told = shown(bento, "shop:1", *elsewhere)
    assert told["came from"].startswith(f"{tmp_path / 'shop.bento'}, 20")
    assert told["trusted"] == "no: its code does not run here until you allow it"
    bento("unpack", "shop.bento", "--trust", *elsewhere)
    assert shown(bento, "shop:1", *elsewhere)["trusted"].startswith("yes: unpacked with trust, 20")


def test_a_bundle_from_a_remote_shows_which_one(bento, tmp_path):
    remote = f"file://{tmp_path / 'remote'}"
    bento("push", "shop:1", remote)
    elsewhere = ("--store", tmp_path / "elsewhere")
    bento("pull", "shop:1", remote, *elsewhere)
    assert shown(bento, "shop:1", *elsewhere)["came from"].startswith(f"{remote}/shop:1, 20")
    assert shown(bento, f"{remote}/shop:1", "--store", tmp_path / "third")["came from"].startswith(f"{remote}/shop:1, 20")


def test_signatures_are_checked_and_named_if_the_key_is_known(bento, home, tmp_path):
    key = bento("sign", "shop:1", "--new-key", "release.key").stdout.split()[-1]
    assert shown(bento, "shop:1")["signed"] == f"by the key {key}, which you have not named"
    (home / "keys").mkdir()
    (home / "keys/release.pub").write_text((tmp_path / "release.pub").read_text())
    assert shown(bento, "shop:1")["signed"] == f"by the key {key}, {home / 'keys/release.pub'}"
    signature = f"bento.{key}.sig"
    (home / "bundles/shop/2" / signature).write_bytes((home / "bundles/shop/1" / signature).read_bytes())
    assert shown(bento, "shop:2")["signed"].startswith(f"WRONG: it, or the bundle, has changed since: by the key {key}, ")


def test_a_bundle_from_elsewhere_is_shown_as_trusted_if_a_known_key_has_signed_it(bento, home, tmp_path):
    bento("sign", "shop:1", "--new-key", "release.key")
    bento("pack", "shop:1", "archive", "shop.bento")
    bento("unpack", "shop.bento", "--store", tmp_path / "elsewhere")
    (tmp_path / "elsewhere/keys").mkdir()
    (tmp_path / "elsewhere/keys/release.pub").write_text((tmp_path / "release.pub").read_text())
    assert shown(bento, "shop:1", "--store", tmp_path / "elsewhere")["trusted"] == "yes: signed"


def test_a_bundle_folder_directly_below_the_root_has_no_known_origin(bento, home):
    with TemporaryDirectory(dir="/tmp") as folder:
        shutil.copytree(Store(home).get("shop:1").path, folder, dirs_exist_ok=True)
        assert json.loads(bento("show", folder, "--provenance", "--json").stdout)["origin"] is None


def test_provenance_is_printed_as_json(bento, home):
    told = json.loads(bento("show", "shop:2", "--provenance", "--json").stdout)
    assert told["tag"] == "shop:2"
    assert (told["code"], told["lock"], told["signatures"], told["origin"]) == (None, None, [], None)
    assert (told["bento"], told["platform"]) == (__version__, sysconfig.get_platform())
    assert told["trusted"].keys() == {"how", "when", "by"}


@pytest.mark.parametrize("note", ["", "[]", '"x"', "{"])
def test_an_unreadable_note_of_the_origin_counts_as_none(bento, home, note):
    (home / "trusted" / Store(home).get("shop:2").fingerprint).write_text(note)
    assert shown(bento, "shop:2")["came from"] == "unknown"
