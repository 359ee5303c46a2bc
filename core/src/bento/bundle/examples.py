"""Golden examples in a bundle: two files for each, the body of the request and that of the answer, in `examples/<name>/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .manifest.entries import BodyEntry, ExampleEntry
from .manifest.paths import EXAMPLES
from .model import read_file

if TYPE_CHECKING:
    from .model import Bundle


class Body(NamedTuple):
    """A body, and the Content-Type header that goes with it."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden example as a bundle keeps it."""

    name: str
    api: str
    request: Body
    answer: Body
    tolerance: float


def write_examples(examples: Sequence[Golden], draft: Path) -> tuple[ExampleEntry, ...]:
    """Write the bodies into a bundle's folder, and return the examples' entries for the manifest."""
    return tuple(
        ExampleEntry(
            name=example.name,
            api=example.api,
            request=_write(draft, f"{EXAMPLES}/{example.name}/request", example.request),
            answer=_write(draft, f"{EXAMPLES}/{example.name}/answer", example.answer),
            tolerance=example.tolerance,
        )
        for example in examples
    )


def read_examples(bundle: Bundle) -> tuple[Golden, ...]:
    """The examples of a bundle that is already verified."""
    return tuple(
        Golden(entry.name, entry.api, _read(bundle, entry.request), _read(bundle, entry.answer), entry.tolerance)
        for entry in bundle.manifest.examples
    )


def _write(draft: Path, path: str, body: Body) -> BodyEntry:
    (draft / path).parent.mkdir(parents=True, exist_ok=True)
    (draft / path).write_bytes(body.data)
    return BodyEntry(path=path, content_type=body.content_type)


def _read(bundle: Bundle, entry: BodyEntry) -> Body:
    return Body(read_file(bundle, entry.path), entry.content_type)
