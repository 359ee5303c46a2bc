"""What a type checker must see in a plugin. Nothing here is run: `make check` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

import bento
from bento import hookspecs
from bento.artifacts import JsonArtifact, TextArtifact
from bento.testing import AdapterTests, leave_out, override


class WordsAdapter(bento.Adapter[list[str]]):
    name = "words"
    media_types = ("text/plain",)

    def decode(self, payload: bento.Payload) -> list[str]:
        return payload.text().split()

    def encode(self, value: list[str], media_type: str) -> bytes:
        return " ".join(value).encode()


@bento.hookimpl
def bento_register_adapters() -> Sequence[type[WordsAdapter]]:
    return [WordsAdapter]


# The documented return types of hooks accept classes for any model and any value.
models, values = hookspecs.bento_register_artifacts(), hookspecs.bento_register_adapters()
models = [TextArtifact, JsonArtifact]
values = bento_register_adapters()

adapter = WordsAdapter()
assert_type(adapter.decode(bento.Payload(b"a b")), list[str])
assert_type(adapter.unstack([["a"], ["b"]], [None, None]), list[list[str]])
assert_type(bento_register_adapters(), Sequence[type[WordsAdapter]])

adapter.encode("text", "text/plain")  # type: ignore[arg-type]


class TestWordsAdapter(AdapterTests):
    adapter = adapter

    test_a_hostile_body_takes_no_time = leave_out(reason="words are split by str.split, which is linear")
    test_the_options_are_json = leave_out(reason="it has none")

    def values(self) -> list[list[str]]:
        return [["a", "b"]]

    @override(reason="any bytes are words")
    def test_any_bytes_are_a_value_or_bad_input(self, draw: object) -> None: ...


class HalfAdapter(bento.Adapter[int]):
    name = "half"
    media_types = ()


HalfAdapter()  # type: ignore[abstract]
