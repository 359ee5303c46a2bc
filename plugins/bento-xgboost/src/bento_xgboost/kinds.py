"""The class of a model, and the parameters of an estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xgboost

from bento import ArtifactError, type_name
from bento.artifacts import json_values

if TYPE_CHECKING:
    from pathlib import Path

    from bento.artifact import JSON

_BOOSTER = "Booster"
_ESTIMATORS = ("XGBClassifier", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor")
_MACHINE = "n_jobs"
_MISSING = "missing"
_OF_TRAINING = ("interaction_constraints", "monotone_constraints")
"""Parameters that may contain feature names, which only training understands. A booster that gets them fails when it predicts."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The class of an XGBoost model, and its parameters."""

    name: str
    parameters: dict[str, JSON]

    def restore(self, content: bytes) -> Any:
        """A model of this kind from the bytes that XGBoost wrote."""
        if self.name == _BOOSTER:
            return xgboost.Booster(model_file=bytearray(content))
        parameters: dict[str, Any] = {**self.parameters, _MISSING: float(str(self.parameters[_MISSING]))}
        constraints = {name: parameters.pop(name) for name in _OF_TRAINING if name in parameters}
        model = getattr(xgboost, self.name)(**parameters)
        model.load_model(bytearray(content))
        # Loading replaces the estimator's parameters with those of the booster.
        model.set_params(**parameters)
        vars(model).update(constraints)
        return model


def read(path: Path, value: JSON) -> Kind:
    """The kind in a document of `describe`, which was read from `path`."""
    match value:
        case {"class": str(name), "parameters": dict(parameters)} if name in (_BOOSTER, *_ESTIMATORS):
            return Kind(name, parameters)
    raise ArtifactError(f"{str(path)!r} is damaged: expected a class of XGBoost and its parameters")


def describe(model: Any) -> JSON:
    """A document that `read` reads. An ArtifactError if the model would come back different."""
    name = type(model).__name__
    if type(model) is xgboost.Booster:
        return {"class": name, "parameters": {}}
    if name not in _ESTIMATORS or type(model) is not getattr(xgboost, name):
        way_out = "pack its get_booster()" if isinstance(model, xgboost.XGBModel) else "pack a Booster itself"
        raise ArtifactError(
            f"a {type_name(model)} would come back as another class: expected {_BOOSTER}, {', '.join(_ESTIMATORS)} of xgboost: {way_out}"
        )
    parameters = json_values({key: value for key, value in model.get_params().items() if key not in (_MACHINE, _MISSING)})
    return {"class": name, "parameters": {**parameters, _MISSING: repr(float(model.missing))}}


def booster_of(model: Any) -> xgboost.Booster:
    """The booster of an estimator, or the booster itself. An ArtifactError if it is not trained."""
    if isinstance(model, xgboost.XGBModel) and not model.__sklearn_is_fitted__():
        raise ArtifactError(f"this {type_name(model)} is not fitted: call its fit() before it is packed")
    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    if not _has_learnt(booster):
        raise ArtifactError("this booster has learnt nothing: train it with xgboost.train() before it is packed")
    return booster


def configure(model: Any) -> None:
    """Make XGBoost read the parameters of a model now, and not at the first prediction."""
    (model if isinstance(model, xgboost.Booster) else model.get_booster()).num_features()


def _has_learnt(booster: xgboost.Booster) -> bool:
    try:
        return bool(booster.num_boosted_rounds())
    except xgboost.core.XGBoostError:
        return False  # an untrained booster does not even know its features
