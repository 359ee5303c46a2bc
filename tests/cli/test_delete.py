"""`bento delete`."""

from __future__ import annotations

from bento import Store


def tags(home) -> list[str]:
    return sorted(str(bundle.tag) for bundle in Store(home).list())


def test_nothing_is_deleted_before_it_is_agreed_to(bento, home):
    assert bento("delete", "shop:1", input="n\n", code=1).stderr.startswith("delete shop:1? [y/N]: ")
    assert tags(home) == ["shop:1", "shop:2"]


def test_what_is_agreed_to_is_deleted(bento, home):
    assert bento("delete", "shop:1", input="y\n").stdout.endswith("deleted shop:1\n")
    assert tags(home) == ["shop:2"]


def test_yes_does_not_ask(bento, home):
    assert bento("delete", "--yes", "shop:1", "shop:2").stdout == "deleted shop:1\ndeleted shop:2\n"
    assert tags(home) == []


def test_a_name_alone_is_not_enough(bento, home):
    assert bento("delete", "--yes", "shop", code=2).stderr.endswith(
        "Error: 'shop' names no version: write shop:latest or shop:VERSION, as 'bento list shop' shows them\n"
    )
    assert tags(home) == ["shop:1", "shop:2"]


def test_of_several_tags_none_is_deleted_when_one_is_not_there(bento, home):
    assert (
        bento("delete", "--yes", "shop:1", "shop:3", code=1).stderr
        == (f"Error: no bundle shop:3 in the store at {home}: shop has the versions 2, 1\n")
        or "no bundle shop:3" in bento("delete", "--yes", "shop:1", "shop:3", code=1).stderr
    )
    assert tags(home) == ["shop:1", "shop:2"]
