"""Who grew the grapes of a wine: a LightGBM classifier behind an endpoint. Needs bento-lightgbm.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

import lightgbm
import numpy as np

import bento
from bento.adapters import ArrayAdapter
from bento_lightgbm import LightgbmArtifact

GROWERS = np.array(["Giulia", "Marco", "Sara"])
WINES = ArrayAdapter(shape=(None, 13), dtype="float64")


class Cellar(bento.Service):
    """Tell from thirteen measurements of its chemistry who grew a wine."""

    model = LightgbmArtifact()

    @bento.api(input=WINES, batch=True)
    def grower(self, wines: np.ndarray) -> list[str]:
        """Give the name of each wine's grower."""
        return self.model.predict(wines).tolist()

    @bento.api(input=WINES, batch=True)
    def probabilities(self, wines: np.ndarray) -> np.ndarray:
        """Give the probability of each grower, in the order of their names, for each wine."""
        return self.model.predict_proba(wines)


def train() -> Cellar:
    """A service with a classifier fitted to most of 178 wines."""
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split

    wines, numbers = load_wine(return_X_y=True)
    seen, unseen, known, unknown = train_test_split(wines, GROWERS[numbers], random_state=0)
    model = lightgbm.LGBMClassifier(n_estimators=30, min_child_samples=5, verbosity=-1).fit(seen, known)
    return Cellar(model=bento.Packed(model, metadata={"accuracy": round(model.score(unseen, unknown), 3)}))


def main() -> None:
    """Train, save, and print the next command."""
    bundle = bento.save(train())
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")


if __name__ == "__main__":
    main()
