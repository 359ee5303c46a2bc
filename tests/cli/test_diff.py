"""`bento diff`."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def narrowed(home):
    """The folder of a bundle that is shop:2 but for an api less."""
    path = home / "bundles/shop/2/bento.json"
    manifest = json.loads(path.read_text())
    manifest["apis"] = [api for api in manifest["apis"] if api["name"] != "shout"]
    path.unlink()
    path.write_text(json.dumps(manifest))
    return path.parent


def test_two_versions_of_the_same_hold_the_same(bento):
    assert bento("diff", "shop:1", "shop:2").stdout == "shop:1 and shop:2 hold the same\n"


def test_a_client_that_would_break_is_an_exit_status(bento, narrowed):
    shown = bento("diff", "shop:1", narrowed, code=1).stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["WHAT", "NAME", "CHANGE", "CLIENTS"],
        ["api", "shout", "removed", "breaks"],
        [],
        ["1", "of", "1", "changes", "may", "break", "a", "client", "of", "shop:1"],
    ]


def test_what_breaks_no_client_is_told_and_stops_nothing(bento, narrowed):
    shown = bento("diff", narrowed, "shop:1").stdout
    assert "api   shout  added" in shown
    assert shown.endswith("\n\nno client of shop:2 breaks\n")


def test_changes_are_told_to_programs(bento, narrowed):
    assert json.loads(bento("diff", "shop:1", narrowed, "--json", code=1).stdout) == {
        "old": "shop:1",
        "new": "shop:2",
        "breaks": True,
        "changes": [{"area": "api", "name": "shout", "change": "removed", "breaks": True}],
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("tags", [("shop:1", "shop:2"), ("shop:2", "shop:1")])
def test_a_bundle_whose_files_were_changed_is_like_no_other(bento, home, tags, options):
    file = home / "bundles/shop/2/src/shop.py"
    changed = file.read_bytes().replace(b"upper", b"lower")
    file.unlink()
    file.write_bytes(changed)
    told = bento("diff", *tags, *options, code=2)
    assert (told.stdout, told.stderr) == ("", "Error: bundle shop:2 is damaged: 'src/shop.py' has changed\n")


@pytest.mark.parametrize("options", [(), ("--debug",)])
def test_a_bundle_that_is_not_there_is_not_one_that_breaks_clients(bento, options):
    told = bento("diff", "shop:1", "shop:3", *options, code=2)
    assert (told.stdout, "no bundle shop:3 " in told.stderr) == ("", True)


def test_two_bundles_are_needed(bento):
    assert bento("diff", "shop:1", code=2).stderr.endswith("Error: Missing argument 'NEW'.\n")
