"""`bento diff`."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def narrowed(home):
    """The folder of a bundle that is shop:2 without one of its apis."""
    path = home / "bundles/shop/2/bento.json"
    manifest = json.loads(path.read_text())
    manifest["apis"] = [api for api in manifest["apis"] if api["name"] != "shout"]
    path.unlink()
    path.write_text(json.dumps(manifest))
    return path.parent


def test_two_versions_with_equal_contents_have_no_differences(bento):
    assert bento("diff", "shop:1", "shop:2").stdout == "shop:1 and shop:2 hold the same\n"


def test_a_change_that_breaks_clients_is_an_exit_status(bento, narrowed):
    shown = bento("diff", "shop:1", narrowed, code=1).stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["WHAT", "NAME", "CHANGE", "CLIENTS"],
        ["api", "shout", "removed", "breaks"],
        [],
        ["1", "of", "1", "changes", "may", "break", "a", "client", "of", "shop:1"],
    ]


def test_a_change_that_breaks_no_client_is_shown_and_does_not_fail(bento, narrowed):
    shown = bento("diff", narrowed, "shop:1").stdout
    assert "api   shout  added" in shown
    assert shown.endswith("\n\nno client of shop:2 breaks\n")


def test_changes_are_printed_as_json(bento, narrowed):
    assert json.loads(bento("diff", "shop:1", narrowed, "--json", code=1).stdout) == {
        "old": "shop:1",
        "new": "shop:2",
        "breaks": True,
        "changes": [{"area": "api", "name": "shout", "change": "removed", "breaks": True}],
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("tags", [("shop:1", "shop:2"), ("shop:2", "shop:1")])
def test_a_damaged_bundle_is_not_compared(bento, home, tags, options):
    file = home / "bundles/shop/2/src/shop.py"
    changed = file.read_bytes().replace(b"upper", b"lower")
    file.unlink()
    file.write_bytes(changed)
    told = bento("diff", *tags, *options, code=2)
    assert (told.stdout, told.stderr) == ("", "Error: bundle shop:2 is damaged: 'src/shop.py' has changed\n")


@pytest.mark.parametrize("options", [(), ("--debug",)])
def test_a_missing_bundle_has_another_exit_status_than_a_breaking_change(bento, options):
    told = bento("diff", "shop:1", "shop:3", *options, code=2)
    assert (told.stdout, "no bundle shop:3 " in told.stderr) == ("", True)


def test_two_bundles_are_needed(bento):
    assert bento("diff", "shop:1", code=2).stderr.endswith("Error: Missing argument 'NEW'.\n")
