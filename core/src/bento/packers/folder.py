"""FolderPacker: a bundle as a folder outside of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..packer import Packer
from .contents import copy_bundle, set_modes
from .output import create

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle.model import Bundle


class FolderPacker(Packer):
    """Pack a bundle into a folder that is a copy of it, to be copied, mounted or served in place: `bento serve ./OUT`."""

    name = "folder"
    summary = "the bundle's own folder, which `bento serve ./OUT` serves"

    def pack(self, bundle: Bundle, out: Path) -> Path:
        with create(out) as draft:
            copy_bundle(bundle, draft)
            set_modes(draft)
        return out
