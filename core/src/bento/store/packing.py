"""Packing: verifying a bundle, building a packer from options as text, and packing the bundle with it."""

from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..bundle import Bundle, verify
from ..errors import PackerError
from ..packer import Packer
from ..packers.output import TakenError, check_free
from ..registry import installed
from .ledger import ledger_of
from .local import store_of
from .usual import find

if TYPE_CHECKING:
    from ..tag import Tag
    from .local import Store


def pack(
    target: str | Path | Tag | Bundle,
    packer: str | Packer,
    out: str | Path,
    *,
    store: Store | None = None,
    progress: Callable[[int], object] | None = None,
    **options: str,
) -> Path:
    """Verify a bundle, pack it to `out`, which must not exist, and return the path of what was written; an error leaves nothing there.

    `packer` is a packer or the name of one, which is then built with `options`. Packing runs none of the bundle's code, so it needs no
    trust. `progress` is called with the number of bytes verified so far.
    """
    chosen, path = _build(packer, options), Path(out)
    check_free(path)
    bundle = find(target, store=store)
    verify(bundle, progress, ledger=ledger_of(store_of(store).root))
    # Verifying may take minutes, in which others may write here.
    check_free(path)
    try:
        return chosen.pack(bundle, path)
    except TakenError:
        raise
    except BaseException:
        # Looked for first: where nothing can be written, to remove would fail as well, and hide why.
        if os.path.lexists(path):
            _remove(path)
        raise


def _build(packer: str | Packer, options: dict[str, str]) -> Packer:
    if isinstance(packer, Packer):
        if options:
            raise PackerError(f"got a {type(packer).__name__} and options for it, {', '.join(options)}: give them to its constructor")
        return packer
    kind = installed().packer(packer)
    signature = inspect.signature(kind)
    try:
        signature.bind(**options)
    except TypeError as error:
        known = ", ".join(f"{name}=..." for name in signature.parameters) or "none"
        raise PackerError(f"wrong options for packer {packer!r}: {error} - its options are {known}") from error
    return kind(**options)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
