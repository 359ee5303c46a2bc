"""Golden examples: requests whose answers are known, kept in a bundle and sent again wherever it is served."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

from .errors import DefinitionError


class _ByService:
    """Stands for the answer that the service gives at the time of saving."""

    def __repr__(self) -> str:
        return "the service's own"


BY_SERVICE: Final = _ByService()


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One request to `api` and its answer: `bento.save(service, examples=[Example("predict", [[5.1, 3.5, 1.4, 0.2]])])`.

    `input` is the value of one request, as the api's method would get it, or a `Payload` with a body. `answer` is what the api returns for
    it, or a `Payload`; by default it is what the service answers at the time of saving. Numbers may differ by `tolerance`, relative to the
    larger one or absolute; integers and texts must be equal.
    """

    api: str
    input: Any
    answer: Any = BY_SERVICE
    _: KW_ONLY
    name: str = ""
    """The example's name, such as `two-flowers`; by default the api's name and a number."""
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        if not isinstance(self.api, str):
            raise DefinitionError(f"expected Example('predict', input) with the name of an api, got {self.api!r}")
        if not (isinstance(self.tolerance, int | float) and 0 <= self.tolerance < math.inf):
            raise DefinitionError(f"expected a tolerance of 0 or more, got {self.tolerance!r}")
