"""Packers: they turn a bundle into something that ships, such as an archive, a Docker context or a wheel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    from .bundle.model import Bundle


class Packer(ABC):
    """One way to ship a bundle. Keyword arguments of a subclass's constructor are its options: `bento pack TAG NAME OUT -o key=value`."""

    name: ClassVar[str]
    """The packer's name on the command line, unique over all plugins."""
    summary: ClassVar[str]
    """What it makes, in one line, for `bento pack --list`."""

    @abstractmethod
    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the packed form of a verified bundle to `out`, which does not exist yet, and return what was written.

        The same bundle gives the same bytes. If anything fails, nothing is left at `out`; a bundle that cannot be packed is a PackerError.
        """
