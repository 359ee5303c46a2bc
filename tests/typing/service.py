"""What a type checker must see in a service. Nothing here is run: `make check` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import bento


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


service = Flowers(model=Model())
Flowers(Model())  # type: ignore[arg-type]

# On a service a slot is the model, on its class the artifact.
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
