"""Trust: whose code may run here.

A bundle's source is code, so loading one that came from elsewhere is running it. A bundle is trusted when it was made here, when
someone said so while unpacking it, or when someone says so now. What is trusted is a fingerprint, which stands for every byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import UntrustedError
from .root import default_root, refusing

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle import Bundle
    from .local import Store

_FOLDER = "trusted"
_CORE = "bento-core=="


def check_trust(bundle: Bundle, *, store: Store | None = None, trust: bool = False) -> None:
    """Let a trusted bundle pass; any other is an UntrustedError that says who made it, what it would run and how to go on."""
    root = store.root if store else default_root()
    with refusing(root, f"look up whether {bundle.tag} is trusted"):
        if not trust and not (root / _FOLDER / bundle.fingerprint).is_file():
            raise UntrustedError("\n  ".join(_refusal(bundle)))


def record(root: Path, bundle: Bundle, *, how: str, scratch: Path) -> None:
    """Remember that this bundle is trusted, and why; `scratch` is a folder on the store's file system."""
    note = {"tag": str(bundle.tag), "when": datetime.now(UTC).isoformat(timespec="seconds"), "how": how}
    draft = scratch / _FOLDER
    draft.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    (root / _FOLDER).mkdir(exist_ok=True)
    draft.replace(root / _FOLDER / bundle.fingerprint)


def _refusal(bundle: Bundle) -> Iterator[str]:
    manifest = bundle.manifest
    core = next((text for text in manifest.requirements if text.startswith(_CORE)), "an unknown bento-core")
    yield f"{bundle.tag} was not made here: loading it would run its code"
    yield f"made with: {core.replace('==', ' ')}, {manifest.created}"
    yield f"code: {manifest.service}"
    for artifact in manifest.artifacts:
        if artifact.runs_code:
            yield f"model that runs code: {artifact.slot}, kept as {artifact.format!r}"
    yield "to go on if you trust where it came from: --trust on the command line, trust=True in Python"
