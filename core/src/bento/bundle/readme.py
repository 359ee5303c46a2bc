"""A bundle's README.md: what the service does and how to call it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .manifest.entries import ApiEntry

_ADDRESS: Final = "http://127.0.0.1:3000"


def write_readme(name: str, doc: str, apis: Sequence[ApiEntry]) -> str:
    """The text, in Markdown; it leaves out the version, which depends on this text through the digest."""
    parts = [f"# {name}", doc, f"    bento serve {name}", *(_call(api) for api in apis)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _call(api: ApiEntry) -> str:
    media_type = api.input.media_types[0] if api.input.media_types else "application/octet-stream"
    examples = api.input.schema.get("examples") if media_type == "application/json" else None
    body = json.dumps(examples[0], ensure_ascii=False) if isinstance(examples, list) and examples else "@FILE"
    words = ["curl", f"{_ADDRESS}{api.path}", "-H", f"Content-Type: {media_type}", "--data-binary", body]
    parts = [f"## {api.name}", api.doc, f"    {shlex.join(words)}"]
    return "\n\n".join(part for part in parts if part)
