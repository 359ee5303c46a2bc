"""What a type checker must see in a service. Nothing here is run: `make check` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import bento
from bento.artifacts import ArrayArtifact
from bento_sklearn import SklearnArtifact


class Model:
    def predict(self, rows: list[float]) -> list[str]:
        return [str(row) for row in rows]


class ModelArtifact(bento.Artifact[Model]):
    name = "model"

    def save(self, model: Model, folder: Path) -> None: ...

    def load(self, folder: Path) -> Model:
        return Model()

    def accepts(self, model: object) -> bool:
        return isinstance(model, Model)


class Flowers(bento.Service):
    model = ModelArtifact()

    @bento.api
    def predict(self, rows: list[float]) -> list[str]:
        return self.model.predict(rows)

    @bento.api(batch=True, timeout=5)
    async def count(self, rows: list[float], context: list[bento.Context]) -> int:
        return len(rows)


class Weighing(bento.Service):
    weights = ArrayArtifact()
    model = SklearnArtifact()

    @bento.api
    def weigh(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        weighed: NDArray[np.float64] = rows * self.weights
        return weighed

    @bento.api
    def scale(self, rows: NDArray[np.float64]) -> list[float]:
        return [row * self.weights["scale"] for row in rows]

    @bento.api
    def predict(self, rows: NDArray[np.float64]) -> list[int]:
        assert_type(self.model, Any)
        return list(self.model.predict(rows))


service = Flowers(model=Model())
Flowers(Model())  # type: ignore[arg-type]

# A slot on a service is the model; on the class it is the artifact.
assert_type(service.model, Model)
assert_type(Flowers.model, ModelArtifact)

# A marked method keeps its signature.
assert_type(service.predict([1.0]), list[str])
service.predict("rows")  # type: ignore[arg-type]
service.predict()  # type: ignore[call-arg]


async def counted() -> None:
    assert_type(await service.count([1.0], []), int)


assert_type(bento.Packed(Model(), metadata={"auc": 0.9}), bento.Packed[Model])
assert_type(bento.Tag.parse("iris"), bento.Tag)

# For the service of a bundle, a type checker knows the attributes of all services, and allows any other.
loaded = bento.load("flowers")
bento.serve(loaded)
assert_type(loaded.metadata("model"), Mapping[str, bento.JSON])
loaded.predict([1.0])
if isinstance(loaded, Flowers):
    assert_type(loaded.predict([1.0]), list[str])

# A misspelt name of `bento` has no known type, either.
bento.lood("flowers")  # type: ignore[attr-defined]
