"""The version of scikit-learn that saved a model, and one warning if another version loads it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bento.artifacts import check_version
from bento.artifacts import write_version as write_version_of

if TYPE_CHECKING:
    from pathlib import Path

_DISTRIBUTION = "scikit-learn"


def write_version(folder: Path) -> None:
    """Write the installed version of scikit-learn into the slot's folder."""
    import sklearn

    write_version_of(folder, _DISTRIBUTION, sklearn.__version__)


@contextmanager
def same_version(folder: Path) -> Iterator[None]:
    """Load a model in this block: one VersionWarning replaces scikit-learn's own warnings, of which each estimator gives one."""
    import sklearn
    from sklearn.exceptions import InconsistentVersionWarning

    if check_version(folder, _DISTRIBUTION, sklearn.__version__, stacklevel=3):
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        yield
