"""Fetches a bundle for another process, in which libraries for remotes would leave threads running. Order and answer are JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ... import errors
from ...tag import Tag
from ..local import Store
from ..remotes.remote import Remote
from ..remotes.transfer import fetch


def main() -> None:
    """Fetch what standard input orders, a `tag` of a `remote` for the store at `root`; print its tag, or an `error` and a `message`."""
    print(json.dumps(_answer(json.load(sys.stdin))))  # noqa: T201 - the parent reads it


def _answer(order: dict[str, str]) -> dict[str, str]:
    try:
        remote = Remote(order["remote"])
        bundle = fetch(remote.offer(Tag.parse(order["tag"])), remote, Store(Path(order["root"]))).bundle
    except errors.BentoError as error:
        # An error class of another module is reported as its nearest base class in `bento.errors`.
        kind = next(kind for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
        return {"error": kind.__name__, "message": str(error)}
    return {"tag": str(bundle.tag)}


if __name__ == "__main__":
    main()
