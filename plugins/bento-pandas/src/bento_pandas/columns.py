"""One column on its way to its dtype, and the refusal that names it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bento import InvalidInput

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it came, and where it has no value."""

    name: Any
    series: pd.Series
    missing: pd.Series

    def values(self) -> Iterable[tuple[Any, bool]]:
        """Each value, and whether it is missing."""
        return zip(self.series, self.missing, strict=True)

    def require(self, fits: Any, wanted: str) -> None:
        """Refuse the column by its first value that does not fit."""
        import numpy as np

        unfit = ~np.asarray(fits, dtype=bool)
        if unfit.any():
            row = int(unfit.argmax())
            value = self.series.iloc[row]
            got = "null" if self.missing.iloc[row] else f"{value.item() if hasattr(value, 'item') else value!r:.60}"
            raise InvalidInput(f"column {self.name!r:.60}: expected {wanted}, got {got} in row {row}")
