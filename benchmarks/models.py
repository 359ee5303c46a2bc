"""What every subject is asked and has to answer: the same models, fitted the same way, wherever they are served."""

from __future__ import annotations

from functools import cache
from typing import Any

MODELS = ("logistic", "forest")


def fitted(name: str) -> Any:
    """A classifier of Fisher's irises: `logistic` for LogisticRegression, `forest` for a RandomForestClassifier of 100 trees."""
    from sklearn.datasets import load_iris

    rows, species = load_iris(return_X_y=True)
    if name == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(max_iter=1000).fit(rows, species)
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, random_state=0).fit(rows, species)


@cache
def rows() -> list[list[float]]:
    """All 150 flowers, in an order in which neighbours are of different species."""
    from sklearn.datasets import load_iris

    found: list[list[float]] = load_iris(return_X_y=True)[0].tolist()
    return [found[(place * 50 + place // 3) % 150] for place in range(150)]


@cache
def classes(name: str) -> list[int]:
    """The class that a model gives for each of `rows()`."""
    found: list[int] = fitted(name).predict(rows()).tolist()
    return found
