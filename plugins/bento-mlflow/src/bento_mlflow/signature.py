"""What a model's signature refuses, as a refusal that the client reads."""

from __future__ import annotations

from functools import wraps
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from bento import InvalidInput

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import PyFuncModel

_INVALID = "INVALID_PARAMETER_VALUE"
_WRAPPED = "Failed to enforce "
_LONGEST = 500  # in characters: MLflow shows all that did not fit


def refuse_what_does_not_fit(model: PyFuncModel) -> None:
    """Have `model.predict` refuse what its signature, or its type hints, do not allow as an InvalidInput, and say what they do.

    MLflow's own server takes errors of this code for the client's fault as well.
    """
    predict = model.predict

    @wraps(predict)
    def checked(data: Any, params: dict[str, Any] | None = None) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            return predict(data, params)
        except MlflowException as error:
            if error.error_code != _INVALID:
                raise
            raise InvalidInput(f"the model does not take this: {_reason(error)}{_expected(model)}") from error

    vars(model)["predict"] = checked


def _reason(error: MlflowException) -> str:
    """What is wrong; of an error that repeats all that was asked, the one that it came of."""
    told = error.__context__ if str(error).startswith(_WRAPPED) and error.__context__ else error
    text = shorten(str(told), _LONGEST, placeholder=" ...").rstrip(".")
    return text[:1].lower() + text[1:]


def _expected(model: PyFuncModel) -> str:
    schema, parameters = model.metadata.get_input_schema(), model.metadata.get_params_schema()
    inputs = f": expected {str(schema)[1:-1]}" if schema else ""
    return f"{inputs}, with the parameters {str(parameters)[1:-1]}" if parameters else inputs
