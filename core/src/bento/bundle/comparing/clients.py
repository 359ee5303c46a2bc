"""Clients: which changes of an api may break them, judged by path, media types and schemas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .change import Change, arrow
from .narrowing import narrowed

if TYPE_CHECKING:
    from ..manifest.entries import AdapterEntry, ApiEntry


def changed_apis(old: Sequence[ApiEntry], new: Sequence[ApiEntry]) -> Iterator[Change]:
    """What changed about the apis; a change counts as breaking if it cannot be told whether clients still work."""
    before, after = {api.name: api for api in old}, {api.name: api for api in new}
    for name, api in before.items():
        if name not in after:
            yield Change("api", name, "removed", breaks=True)
        else:
            yield from _api(api, after[name])
    yield from (Change("api", name, "added") for name in after if name not in before)


def _api(old: ApiEntry, new: ApiEntry) -> Iterator[Change]:
    name = old.name
    if old.path != new.path:
        yield Change("api", name, f"path: {arrow(old.path, new.path)}", breaks=True)
    yield from _input(name, old.input, new.input)
    yield from _output(name, old.output, new.output)
    if old.timeout != new.timeout:
        yield Change("api", name, f"timeout: {arrow(f'{old.timeout:g} s', f'{new.timeout:g} s')}")
    if old.batch != new.batch:
        sizes = [api.batch and f"{api.batch.size} rows, {api.batch.wait:g} s" for api in (old, new)]
        yield Change("api", name, f"batch: {arrow(*sizes)}")
    if old.doc != new.doc:
        yield Change("api", name, "another description")


def _input(name: str, old: AdapterEntry, new: AdapterEntry) -> Iterator[Change]:
    yield from _adapter(name, "input", old, new)
    for media_type in old.media_types:
        if not any(fnmatchcase(media_type, known) for known in new.media_types):
            yield Change("api", name, f"no longer takes {media_type}", breaks=True)
    for narrowing in narrowed(old.schema, new.schema):
        yield Change("api", name, f"may refuse what it took before: {narrowing}", breaks=True)


def _output(name: str, old: AdapterEntry | None, new: AdapterEntry | None) -> Iterator[Change]:
    if old is None and new is None:
        return
    if old is None or new is None:
        adapters = [entry.adapter if entry else "whatever is returned" for entry in (old, new)]
        yield Change("api", name, f"output: {arrow(*adapters)}", breaks=True)
        return
    yield from _adapter(name, "output", old, new)
    if old.media_types[:1] != new.media_types[:1]:
        first = [next(iter(entry.media_types), None) for entry in (old, new)]
        yield Change("api", name, f"answers by default: {arrow(*first)}", breaks=True)
    for media_type in old.media_types[1:]:
        if not any(fnmatchcase(media_type, known) for known in new.media_types):
            yield Change("api", name, f"no longer answers {media_type}", breaks=True)
    for narrowing in narrowed(new.schema, old.schema):
        yield Change("api", name, f"may give answers that it did not give before: {narrowing}", breaks=True)


def _adapter(name: str, side: str, old: AdapterEntry, new: AdapterEntry) -> Iterator[Change]:
    if old.adapter != new.adapter:
        yield Change("api", name, f"{side}: {arrow(old.adapter, new.adapter)}")
    elif old.options != new.options:
        yield Change("api", name, f"{side}: other options")
    elif old.schema != new.schema:
        yield Change("api", name, f"{side}: another schema")
