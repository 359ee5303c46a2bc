"""Whether an estimator is fitted, if that can be determined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import ArtifactError, type_name

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


def check_fitted(model: BaseEstimator) -> None:
    """Refuse an estimator that is not fitted. Stateless estimators, and those that other packages define, are not checked."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    last = _last_step(model)
    if not type(last).__module__.startswith("sklearn."):
        return  # scikit-learn looks for attributes with a trailing underscore, which other packages may not use
    try:
        check_is_fitted(last)
    except NotFittedError as error:
        raise ArtifactError(f"this {type_name(model)} is not fitted: call its fit() before it is packed") from error


def _last_step(model: Any) -> Any:
    """The last step of a pipeline that can be fitted. The pipeline is fitted if this step is."""
    from sklearn.pipeline import Pipeline

    while isinstance(model, Pipeline) and model.steps:
        model = model.steps[-1][1]
    return model
