"""The requirements file of a folder that contains a bundle in `bundle/`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .checked import wheels_of
from .contents import WHEELS
from .lock import lock_of, lock_text, without
from .requirements import brought_by, distribution_of, extras_of, requirements_txt

if TYPE_CHECKING:
    from ..bundle.model import Bundle


def for_folder(bundle: Bundle, requirements: Sequence[str]) -> str:
    """The text of the requirements file for these requirements.

    The wheels are named as files, so that an index cannot replace them with another distribution of the same name and version. If the
    bundle has a lock, everything that pip installs is listed with its hashes, and pip installs nothing else.
    """
    wheels, locked = wheels_of(bundle), lock_of(bundle)
    if locked:
        return lock_text(without(locked, {*map(distribution_of, wheels)})) + "".join(_hashed(bundle))
    local = brought_by(wheels, requirements)
    extras = extras_of(local)
    lines = [f"./bundle/{WHEELS}/{wheel}{extras.get(distribution_of(wheel), '')}\n" for wheel in sorted(wheels)]
    return requirements_txt(set(requirements) - set(local)) + "".join(lines)


def _hashed(bundle: Bundle) -> Iterator[str]:
    for file in bundle.manifest.files:
        if file.path.startswith(f"{WHEELS}/"):
            yield f"./bundle/{file.path} \\\n    --hash=sha256:{file.sha256}\n"
