"""What a type checker must see in a plugin. Nothing here is run: `make check` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

import bento
from bento import hookspecs
from bento.artifacts import JsonArtifact, TextArtifact


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


# What a hook is documented to return takes classes of any model and of any value.
models, values = hookspecs.bento_register_artifacts(), hookspecs.bento_register_adapters()
models = [TextArtifact, JsonArtifact]
values = bento_register_adapters()

adapter = WordsAdapter()
assert_type(adapter.decode(bento.Payload(b"a b")), list[str])
assert_type(adapter.unstack([["a"], ["b"]], [None, None]), list[list[str]])
assert_type(bento_register_adapters(), Sequence[type[WordsAdapter]])

adapter.encode("text", "text/plain")  # type: ignore[arg-type]


class HalfAdapter(bento.Adapter[int]):
    name = "half"
    media_types = ()


HalfAdapter()  # type: ignore[abstract]
