"""Save every service as a bundle, as a user would: `iris` in versions named after the models, the others as version `1`."""

from __future__ import annotations

from adder import Adder
from benchmarks.models import MODELS, fitted
from counter import Counter
from flowers import Flowers
from images import Images
from slow import Slow

import bento


def main() -> None:
    """Save everything to the store that the environment names."""
    for name in MODELS:
        bento.save(Flowers(model=fitted(name)), version=name)
    for service in (Adder(), Counter(), Images(), Slow()):
        bento.save(service, version="1")


if __name__ == "__main__":
    main()
