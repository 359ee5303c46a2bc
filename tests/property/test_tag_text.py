"""A tag and its text are the same thing."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from bento import Tag, TagError

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?", fullmatch=True).filter(lambda text: ".." not in text)
VERSIONS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", fullmatch=True).filter(lambda text: ".." not in text)


@given(NAMES, VERSIONS)
def test_parsing_undoes_writing(name, version):
    tag = Tag(name, version)
    assert Tag.parse(str(tag)) == tag


@given(st.text())
def test_any_text_is_a_tag_that_is_written_the_same_or_a_tag_error(text):
    with suppress(TagError):
        tag = Tag.parse(text)
        assert str(tag) in (text, f"{text}:latest")


@given(st.text())
def test_a_tags_parts_are_plain_file_names(text):
    with suppress(TagError):
        for part in (Tag.parse(text).name, Tag.parse(text).version):
            assert part.isascii()
            assert not set(part) & set("/\\ \n\0$`'\":;")
            assert part not in (".", "..")
