"""A value that the signature or type hints of a model do not allow is the client's fault, and the answer says what they allow."""

import asyncio

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

import bento
from bento import InvalidInput
from bento.adapters import ArrayAdapter, JsonAdapter
from bento_mlflow import MlflowPyfuncArtifact

pytestmark = pytest.mark.filterwarnings("ignore:.*An input example was not provided:UserWarning")

COLUMNS = Schema([ColSpec("double", "alcohol"), ColSpec("double", "flavanoids")])
REFUSED = "the model does not take this"
EXPECTED = "expected 'alcohol': double (required), 'flavanoids': double (required)"


class Scaled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: pd.DataFrame, params=None):
        return model_input * (params or {}).get("factor", 2)


class Summed(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[dict[str, float]]):
        return [sum(row.values()) for row in model_input]


class Broken(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[float]):
        raise MlflowException("the disk is full")


class Tables(bento.Service):
    model = MlflowPyfuncArtifact()

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def tell(self, tables):
        return [self.model.predict(pd.DataFrame(rows)).to_dict("records") for rows in tables]


class Arrays(bento.Service):
    model = MlflowPyfuncArtifact()

    @bento.api(input=ArrayAdapter(dtype="float32"))
    def tell(self, rows):
        return self.model.predict(rows)


class Documents(bento.Service):
    model = MlflowPyfuncArtifact()

    @bento.api(input=JsonAdapter())
    def tell(self, rows):
        return self.model.predict(rows)


@pytest.fixture
def saved(tmp_path):
    def saved(model, **signature):
        given = {"signature": ModelSignature(**signature)} if signature else {}
        mlflow.pyfunc.save_model(tmp_path / "model", python_model=model, pip_requirements=["pandas"], **given)
        return tmp_path / "model"

    return saved


def answers(service, *bodies):
    """The answers to several clients that ask at once."""

    async def ask():
        transport = httpx.ASGITransport(bento.app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await asyncio.gather(*[client.post("/tell", json=body) for body in bodies])

    told = [(answer.status_code, answer.json()) for answer in asyncio.run(ask())]
    return [(status, body["detail"]) if isinstance(body, dict) else body for status, body in told]


def test_a_table_that_lacks_a_column_is_refused_alone(saved):
    service = Tables(model=saved(Scaled(), inputs=COLUMNS))
    whole = [{"alcohol": 1.0, "flavanoids": 2.0}]
    assert answers(service, whole, [{"alcohol": 1.0}], [{"alcohol": "dry", "flavanoids": 2.0}]) == [
        [{"alcohol": 2.0, "flavanoids": 4.0}],
        (422, f"{REFUSED}: model is missing inputs ['flavanoids']: {EXPECTED}"),
        (
            422,
            f"{REFUSED}: incompatible input types for column alcohol. Can not safely convert str to float64: {EXPECTED}",
        ),
    ]


def test_an_array_of_another_shape_is_refused(saved):
    service = Arrays(model=saved(Scaled(), inputs=Schema([TensorSpec(np.dtype("float32"), (-1, 2))])))
    assert answers(service, [[1, 2]], [[1]]) == [
        [[2.0, 4.0]],
        (
            422,
            f"{REFUSED}: shape of input (1, 1) does not match expected shape (-1, 2): expected Tensor('float32', (-1, 2))",
        ),
    ]


def test_a_value_that_the_type_hints_do_not_allow_is_refused(saved):
    assert answers(Documents(model=saved(Summed())), [{"a": 1.5}], 3) == [
        [1.5],
        (422, f"{REFUSED}: expected list, but got int: expected Map(str -> DataType.double) (required)"),
    ]


def test_parameters_are_checked_too_by_loaded_and_packed_models_alike(saved, tmp_path):
    slot = tmp_path / "slot"
    slot.mkdir()
    MlflowPyfuncArtifact().save(saved(Scaled(), inputs=COLUMNS, params=ParamSchema([ParamSpec("factor", "long", 2)])), slot)
    with pytest.raises(InvalidInput) as refusal:
        MlflowPyfuncArtifact().load(slot).predict(pd.DataFrame({"alcohol": [1.0], "flavanoids": [2.0]}), params={"factor": "three"})
    assert str(refusal.value).startswith(f"{REFUSED}: invalid parameters found: ")
    assert str(refusal.value).endswith(f": {EXPECTED}, with the parameters 'factor': long (default: 2)")


def test_a_fault_of_the_model_is_not_blamed_on_the_client(saved):
    assert [status for status, _ in answers(Documents(model=saved(Broken())), [1.5])] == [500]
