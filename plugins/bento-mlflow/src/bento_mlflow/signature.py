"""Input that does not fit a model's signature becomes an error that the client sees."""

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
_LONGEST = 500  # in characters: MLflow's messages repeat all of the input that does not fit


def refuse_what_does_not_fit(model: PyFuncModel) -> None:
    """Make `model.predict` raise an InvalidInput, which says what is allowed, for input that its signature or type hints do not allow.

    Like MLflow's own server, this takes MLflow's errors with a certain code for faults of the client.
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
    """What is wrong. If the error repeats all of the input, it is the message of its cause."""
    told = error.__context__ if str(error).startswith(_WRAPPED) and error.__context__ else error
    text = shorten(str(told), _LONGEST, placeholder=" ...").rstrip(".")
    return text[:1].lower() + text[1:]


def _expected(model: PyFuncModel) -> str:
    schema, parameters = model.metadata.get_input_schema(), model.metadata.get_params_schema()
    inputs = f": expected {str(schema)[1:-1]}" if schema else ""
    return f"{inputs}, with the parameters {str(parameters)[1:-1]}" if parameters else inputs
