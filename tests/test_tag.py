"""Tags: the `name:version` that a bundle is called by."""

from __future__ import annotations

import pytest

from bento import Tag, TagError


def test_a_name_alone_stands_for_the_latest_version():
    assert Tag.parse("iris") == Tag("iris", "latest")
    assert Tag.parse("iris").is_latest


def test_a_tag_is_written_as_it_is_read():
    assert str(Tag.parse("iris:20261122T101500-3f9a1c")) == "iris:20261122T101500-3f9a1c"


def test_tags_sort_by_name_and_then_version():
    assert sorted([Tag("b", "1"), Tag("a", "2"), Tag("a", "1")]) == [Tag("a", "1"), Tag("a", "2"), Tag("b", "1")]


@pytest.mark.parametrize(
    "name", ["", "IRIS!", "iris model", "../iris", "/iris", "-iris", "iris-", ".iris", "a..b", "iris\n", "i" * 65, "ïris", None]
)
def test_a_name_that_a_path_or_a_shell_could_read_differently_is_refused(name):
    with pytest.raises(TagError) as refusal:
        Tag(name)
    assert str(refusal.value) == (
        f"{name!r} is not a bundle name: use 1 to 64 of a-z, 0-9, '.', '_' and '-', with a letter or digit at both ends and no '..'"
    )


@pytest.mark.parametrize(("name", "meant"), [("Iris", "iris"), ("IrisClassifier", "iris-classifier"), ("My_Model", "my-model")])
def test_a_class_name_in_place_of_a_bundle_name_is_refused_with_the_bundle_name(name, meant):
    with pytest.raises(TagError) as refusal:
        Tag.parse(name)
    assert str(refusal.value).endswith(f"with a letter or digit at both ends and no '..' - did you mean {meant}?")


@pytest.mark.parametrize("version", ["..", "1/2", "1 2", "-1", "1-", "1..2", "1\n", "v" * 129, "$(id)", "", 1])
def test_a_version_that_a_path_or_a_shell_could_read_differently_is_refused(version):
    with pytest.raises(TagError) as refusal:
        Tag("iris", version)
    assert str(refusal.value) == (
        f"{version!r} is not a version: use 1 to 128 of a-z, A-Z, 0-9, '.', '_' and '-', with a letter or digit at both ends and no '..'"
    )


def test_a_colon_without_a_version_is_refused():
    with pytest.raises(TagError) as refusal:
        Tag.parse("iris:")
    assert str(refusal.value) == "'iris:' has no version after the colon: write 'iris' or 'iris:VERSION'"


def test_the_longest_name_and_version_are_taken():
    assert str(Tag("a" * 64, "1" * 128)) == f"{'a' * 64}:{'1' * 128}"
