"""Which digit somebody wrote: from a picture to a number, and an api that returns the picture as the model sees it. Needs bento-image.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import bento
from bento_image import ImageAdapter
from bento_sklearn import SklearnArtifact

SIDE = 8
ENLARGED = 16


class Digits(bento.Service):
    """Read a handwritten digit, white on black."""

    model = SklearnArtifact()

    @bento.api(input=ImageAdapter(mode="L", size=(SIDE, SIDE), dtype="float64"), batch=True)
    def read(self, pictures: np.ndarray) -> np.ndarray:
        """Give the digit of each picture."""
        return self.model.predict(pictures.reshape(len(pictures), -1))

    @bento.api(input=ImageAdapter(mode="L", size=(SIDE, SIDE)), output=ImageAdapter())
    def look(self, picture: np.ndarray) -> np.ndarray:
        """Give back what the model sees of a picture, enlarged."""
        return picture.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)


def train() -> tuple[Digits, np.ndarray]:
    """A service with a classifier fitted to 1,437 digits, and a picture that it has not seen."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.svm import SVC

    pictures, digits = load_digits(return_X_y=True)
    seen, unseen, known, unknown = train_test_split(pictures / 16, digits, test_size=0.2, random_state=0)
    model = SVC(gamma=0.02, C=10).fit(seen, known)
    service = Digits(model=bento.Packed(model, metadata={"accuracy": round(model.score(unseen, unknown), 3)}))
    return service, unseen[unknown == 7][0].reshape(SIDE, SIDE)  # noqa: PLR2004 - a seven


def main() -> None:
    """Train, save, write a picture, and print the next command."""
    service, picture = train()
    bundle = bento.save(service)
    Path("seven.png").write_bytes(ImageAdapter().encode(picture, "image/png"))
    print(f"saved {bundle.tag}: ask it with\n  bento run {bundle.tag} read --input-file seven.png")


if __name__ == "__main__":
    main()
