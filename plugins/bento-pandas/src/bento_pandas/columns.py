"""A column that is being converted to its dtype, and the error that names its first wrong value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bento import InvalidInput

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was received, and which of its values are missing."""

    name: Any
    series: pd.Series
    missing: pd.Series

    def values(self) -> Iterable[tuple[Any, bool]]:
        """Each value, and whether it is missing."""
        return zip(self.series, self.missing, strict=True)

    def require(self, fits: Any, wanted: str) -> None:
        """Raise an InvalidInput for the first value that does not fit. `fits` is a boolean per value, `wanted` says what was expected."""
        import numpy as np

        unfit = ~np.asarray(fits, dtype=bool)
        if unfit.any():
            row = int(unfit.argmax())
            value = self.series.iloc[row]
            got = "null" if self.missing.iloc[row] else f"{value.item() if hasattr(value, 'item') else value!r:.60}"
            raise InvalidInput(f"column {self.name!r:.60}: expected {wanted}, got {got} in row {row}")
