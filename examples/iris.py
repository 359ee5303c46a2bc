"""Which species an iris is: a scikit-learn model behind an endpoint.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

import numpy as np

import bento
from bento.adapters import ArrayAdapter
from bento_sklearn import SklearnArtifact


class Iris(bento.Service):
    """Tell an iris's species from four measurements in centimetres: sepal length and width, petal length and width."""

    env = bento.Env(python=["scikit-learn"])
    model = SklearnArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), batch=True)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Give the number of each flower's species: 0 is setosa, 1 versicolor and 2 virginica."""
        return self.model.predict(rows)


def train() -> Iris:
    """A service with a classifier fitted to Fisher's 150 flowers."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    flowers = load_iris()
    seen, unseen, species, unseen_species = train_test_split(flowers.data, flowers.target, test_size=0.2, random_state=0)
    model = LogisticRegression(max_iter=1000).fit(seen, species)
    return Iris(model=bento.Packed(model, metadata={"accuracy": round(model.score(unseen, unseen_species), 3)}))


def main() -> None:
    """Train, save, and print the next command."""
    bundle = bento.save(train())
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")


if __name__ == "__main__":
    main()
