"""A tag and its text are the same thing."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from bento import Tag, TagError
from bento.testing import strategies


@given(strategies.tags())
def test_parsing_undoes_writing(tag):
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
