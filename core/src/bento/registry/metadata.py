"""The metadata of a distribution, read without the e-mail parser that importlib_metadata would import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib_metadata import Distribution


def name_and_version(distribution: Distribution) -> tuple[str, str]:
    """The name and the version of a distribution, as it spells them itself."""
    metadata = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    return read_field(metadata, "Name"), read_field(metadata, "Version")


def read_field(metadata: str, name: str) -> str:
    """The value of a field of one line, empty if it is not there. Source: PyPA, "Core metadata".

    Parsing all of the metadata, which ends with a whole README, would take longer than the rest of a save.
    """
    found = re.search(rf"^{name}:(.*)$", metadata.partition("\n\n")[0], re.MULTILINE | re.IGNORECASE)
    return found[1].strip() if found else ""
