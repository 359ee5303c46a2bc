"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["ok", "differs", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a bundle wants, and what is here; if it is `missing`, the bundle cannot be loaded, and `advice` is the way out."""

    kind: str
    name: str
    wanted: str
    here: str
    result: Result
    advice: str = ""
