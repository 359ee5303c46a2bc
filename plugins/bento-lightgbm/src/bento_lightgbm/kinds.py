"""The class of a model, and what an estimator has in addition to its booster."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import lightgbm

from bento import ArtifactError, type_name
from bento.artifacts import json_values

if TYPE_CHECKING:
    from pathlib import Path

    from bento.artifact import JSON

_BOOSTER = "Booster"
_ESTIMATORS = ("LGBMClassifier", "LGBMRanker", "LGBMRegressor")
_MACHINE = frozenset({"n_jobs", "n_thread", "n_threads", "nthread", "nthreads", "num_thread", "num_threads"})

_AS_OPENMP_SAYS = 0
"""As many threads as `OMP_NUM_THREADS` says. Without this value, an estimator counts the cores itself."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The class of a LightGBM model, its parameters, and what it has learnt in addition to its trees."""

    name: str
    parameters: dict[str, Any]
    learnt: dict[str, Any]

    def restore(self, content: str) -> Any:
        """A model of this kind from the text that LightGBM wrote."""
        booster = lightgbm.Booster(model_str=content)
        booster.best_iteration = int(self.learnt["best_iteration"])
        booster.best_score = self.learnt["best_score"]
        if self.name == _BOOSTER:
            return booster
        model = getattr(lightgbm, self.name)(**self.parameters, n_jobs=_AS_OPENMP_SAYS)
        features = booster.num_feature()
        vars(model).update(
            _Booster=booster,
            _best_iteration=booster.best_iteration,
            _best_score=booster.best_score,
            _objective=self.learnt["objective"],
            _n_features=features,
            _n_features_in=features,
            _fitted_with_feature_names=bool(self.learnt["named"]),
            fitted_=True,
        )
        if self.name == "LGBMClassifier":
            _give_classes(model, self.learnt["classes"], booster)
        return model


def read(path: Path, value: JSON) -> Kind:
    """The kind in a document of `describe`, which was read from `path`."""
    match value:
        case {"class": str(name), "parameters": dict(parameters), "learnt": dict(learnt)} if name in (_BOOSTER, *_ESTIMATORS):
            return Kind(name, parameters, learnt)
    raise ArtifactError(f"{str(path)!r} is damaged: expected a class of LightGBM and its parameters")


def describe(model: Any) -> JSON:
    """A document that `read` reads. An ArtifactError if the model is not fitted, or would come back different."""
    _check_class(model)
    booster = booster_of(model)
    learnt: dict[str, Any] = {"best_iteration": booster.best_iteration, "best_score": _score(booster.best_score)}
    if isinstance(model, lightgbm.Booster):
        return {"class": _BOOSTER, "parameters": {}, "learnt": learnt}
    objective = model.objective_ if isinstance(model.objective_, str) else None
    learnt |= {"objective": objective, "named": hasattr(model, "feature_names_in_")}
    if isinstance(model, lightgbm.LGBMClassifier):
        if objective is None:
            raise ArtifactError("a classifier with an objective of its own answers with bare scores: pack its booster_, which does so too")
        learnt["classes"] = _classes(model.classes_)
    parameters = json_values({key: value for key, value in model.get_params().items() if key not in _MACHINE})
    return {"class": type(model).__name__, "parameters": parameters, "learnt": learnt}


def _check_class(model: Any) -> None:
    name = type(model).__name__
    if name not in (_BOOSTER, *_ESTIMATORS) or type(model) is not getattr(lightgbm, name):
        way_out = "pack its booster_" if isinstance(model, lightgbm.LGBMModel) else "pack a Booster itself"
        raise ArtifactError(
            f"a {type_name(model)} would come back as another class: expected {_BOOSTER}, {', '.join(_ESTIMATORS)} of lightgbm: {way_out}"
        )


def booster_of(model: Any) -> lightgbm.Booster:
    """The booster of an estimator, or the booster itself. An ArtifactError if it is not trained."""
    if isinstance(model, lightgbm.LGBMModel) and not model.__sklearn_is_fitted__():
        raise ArtifactError(f"this {type_name(model)} is not fitted: call its fit() before it is packed")
    booster = model if isinstance(model, lightgbm.Booster) else model.booster_
    if booster.num_trees() == 0:
        raise ArtifactError("this booster has learnt nothing: train it with lightgbm.train() before it is packed")
    return booster


def _give_classes(model: Any, told: Any, booster: lightgbm.Booster) -> None:
    """Give a classifier its classes, and the encoder that converts numbers to classes."""
    import numpy as np
    from sklearn.preprocessing import LabelEncoder

    classes = np.array(told["values"], dtype=None if told["dtype"] == "object" else told["dtype"])
    classes = classes.astype(object) if told["dtype"] == "object" else classes
    if classes.ndim != 1 or len(classes) != max(2, booster.num_model_per_iteration()):
        raise ValueError(f"it has {classes.size} classes")
    encoder = LabelEncoder()
    encoder.classes_ = classes
    vars(model).update(
        _le=encoder, _classes=classes, _n_classes=len(classes), _class_map=dict(zip(classes, range(len(classes)), strict=True))
    )


def _classes(classes: Any) -> JSON:
    values = json_values({str(index): value for index, value in enumerate(classes.tolist())})
    if len(values) != len(classes):
        raise ArtifactError(f"expected classes that are numbers or texts, got {classes!r}")
    return {"values": list(values.values()), "dtype": "object" if classes.dtype == object else classes.dtype.str}


def _score(scores: Any) -> JSON:
    return {name: {metric: float(value) for metric, value in found.items() if isfinite(value)} for name, found in scores.items()}
