"""A service with a transformer and a function of its own, as a project has them."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import bento
from bento.adapters import ArrayAdapter
from bento_sklearn import SklearnArtifact


class Ratios(TransformerMixin, BaseEstimator):
    """Adds the ratio of each pair of neighbouring columns; fitting it changes nothing."""

    def __init__(self, smallest=0.01):
        self.smallest = smallest

    def fit(self, rows, targets=None):
        return self

    def transform(self, rows):
        rows = np.asarray(rows)
        return np.hstack([rows, rows[:, :-1] / np.maximum(rows[:, 1:], self.smallest)])


def logarithm(rows):
    return np.log1p(rows)


class Petals(bento.Service):
    model = SklearnArtifact(trusted=[Ratios, logarithm])

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), batch=True)
    def predict(self, rows):
        return self.model.predict(rows)


def fitted():
    rows, species = load_iris(return_X_y=True)
    return make_pipeline(Ratios(), FunctionTransformer(logarithm), StandardScaler(), LogisticRegression(max_iter=1000)).fit(rows, species)


if __name__ == "__main__":
    bento.save(Petals(model=fitted()))
