"""`bento delete`."""

from __future__ import annotations

import os

import pytest

from bento import Store


def tags(home) -> list[str]:
    return sorted(str(bundle.tag) for bundle in Store(home).list())


def test_nothing_is_deleted_before_the_user_agrees(bento, home):
    assert bento("delete", "shop:1", input="n\n", code=1).stderr.startswith("delete shop:1? [y/N]:")
    assert tags(home) == ["shop:1", "shop:2"]


def test_a_bundle_is_deleted_once_the_user_agrees(bento, home):
    assert bento("delete", "shop:1", input="y\n").stdout.endswith("deleted shop:1\n")
    assert tags(home) == ["shop:2"]


def test_with_yes_a_bundle_is_deleted_without_a_question(bento, home):
    assert bento("delete", "--yes", "shop:1", "shop:2").stdout == "deleted shop:1\ndeleted shop:2\n"
    assert tags(home) == []


def test_without_anybody_to_answer_nothing_is_deleted_and_the_error_names_the_option(bento, home):
    assert bento("delete", "shop:1", input="", code=1).stderr.endswith(
        "Error: there is nobody to ask: add --yes, or --dry-run to see what would be deleted\n"
    )
    assert tags(home) == ["shop:1", "shop:2"]


def test_a_name_alone_is_not_enough(bento, home):
    assert bento("delete", "--yes", "shop", code=2).stderr.endswith(
        "Error: 'shop' names no version: write shop:latest or shop:VERSION, as 'bento list shop' shows them, "
        "or say which ones with --label, --older-than or --keep-last\n"
    )
    assert tags(home) == ["shop:1", "shop:2"]


def test_a_bundle_of_a_remote_is_not_deleted(bento):
    assert bento("delete", "sftp://user:secret@host/store/shop:1", code=2).stderr.endswith(
        "Error: 'sftp://user:***@host/store/shop:1' is elsewhere, and only bundles in the store here can be deleted\n"
    )


def test_if_one_of_several_tags_is_missing_none_is_deleted(bento, home):
    assert (
        bento("delete", "--yes", "shop:1", "shop:3", code=1).stderr
        == (f"Error: no bundle shop:3 in the store at {home}: shop has the versions 2, 1\n")
        or "no bundle shop:3" in bento("delete", "--yes", "shop:1", "shop:3", code=1).stderr
    )
    assert tags(home) == ["shop:1", "shop:2"]


def test_deleting_without_tags_or_options_is_refused(bento):
    assert bento("delete", code=2).stderr.endswith(
        "Error: expected tags, as 'bento list' shows them, or --label, --older-than or --keep-last\n"
    )


def test_a_damaged_bundle_can_be_deleted(bento, home):
    (home / "bundles/shop/1/bento.json").write_text("{")
    assert bento("delete", "--yes", "shop:1").stdout == "deleted shop:1\n"
    assert tags(home) == ["shop:2"]


def test_a_tag_that_is_named_twice_is_deleted_once(bento):
    assert bento("delete", "--yes", "shop:1", "shop:1").stdout == "deleted shop:1\n"


@pytest.fixture
def years(home, make_bundle):
    """Bundles of two names from three years."""
    for name, label in (("rose", "nightly"), ("iris", "live")):
        for year in (2001, 2002, 2003):
            folder = home / "bundles" / name / str(year)
            make_bundle(folder, name=name, version=str(year), created=f"{year}-01-01T00:00:00Z", labels={"stage": label})
    return home


def test_of_bundles_created_in_one_second_the_last_ones_are_kept(bento, home, make_bundle):
    for version in ("9", "10"):
        make_bundle(home / "bundles/rose" / version, name="rose", version=version, created="2001-01-01T00:00:00Z")
        os.utime(home / "bundles/rose" / version / "bento.json", ns=(int(version), int(version)))
    assert bento("delete", "rose", "r*", "--keep-last", "1", "--dry-run").stdout == "would delete rose:9\n"


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        (["--older-than", "30d"], ["iris:2001", "iris:2002", "iris:2003", "rose:2001", "rose:2002", "rose:2003"]),
        (["--older-than", "30d", "--keep-last", "1"], ["iris:2001", "iris:2002", "rose:2001", "rose:2002"]),
        (["rose", "--keep-last", "2"], ["rose:2001"]),
        (["rose", "iris", "rose", "--keep-last", "2"], ["iris:2001", "rose:2001"]),
        (["r*", "--keep-last", "0"], ["rose:2001", "rose:2002", "rose:2003"]),
        (["--label", "stage=nightly"], ["rose:2001", "rose:2002", "rose:2003"]),
        (["--label", "stage=live", "--keep-last", "2", "--older-than", "4w"], ["iris:2001"]),
        (["shop", "--older-than", "1h"], []),
    ],
)
def test_bundles_can_be_deleted_by_pattern_label_and_age(bento, years, options, gone):
    before = tags(years)
    assert sorted(bento("delete", *options, "--dry-run").stdout.splitlines()) == [f"would delete {tag}" for tag in gone]
    assert tags(years) == before
    done = bento("delete", *options, "--yes")
    assert sorted(done.stdout.splitlines()) == [f"deleted {tag}" for tag in gone]
    assert sorted(before) == sorted([*tags(years), *gone])
    assert done.stderr == ("" if gone else "nothing to delete\n")


def test_many_bundles_are_named_before_they_are_deleted(bento, home, make_bundle):
    for number in range(25):
        make_bundle(home / f"bundles/rose/{number}", name="rose", version=str(number), created=f"2001-01-01T00:00:{number:02}Z")
    asked = bento("delete", "rose", "--keep-last", "1", input="n\n", code=1).stderr
    assert asked.startswith("delete rose:23, rose:22, ")
    assert ", rose:4 and 4 more? [y/N]:" in asked
    assert len(tags(home)) == 27


@pytest.mark.parametrize("age", ["30", "d", "30y", "-1d", "1.5h"])
def test_an_age_is_a_number_and_a_unit(bento, age):
    assert bento("delete", f"--older-than={age}", code=2).stderr.endswith(
        f"Error: Invalid value for '--older-than': {age!r} is not an age: write a number and m, h, d or w, such as 30d\n"
    )


@pytest.mark.parametrize("command", [["delete"], ["cache", "prune"]])
@pytest.mark.parametrize("age", ["729000d", "999999w"])
def test_an_age_of_more_than_a_century_is_refused(bento, home, command, age):
    said = bento(*command, f"--older-than={age}", "--dry-run", code=2)
    assert (said.stdout, said.stderr.splitlines()[-1]) == (
        "",
        f"Error: Invalid value for '--older-than': {age!r} is longer than a century, and no bundle is that old",
    )


def test_a_tag_with_a_version_together_with_options_is_refused(bento):
    assert bento("delete", "shop:1", "--keep-last", "1", code=2).stderr.endswith(
        "Error: 'shop:1' names one bundle, and options say which: leave the version or the options out\n"
    )
