"""The scikit-learn that saved a model, and a warning when another one loads it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bento import ArtifactError
from bento.artifacts import read_json, slot_file, write_json

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "version.json"
_KEY = "scikit-learn"


class VersionWarning(UserWarning):
    """A model is loaded by another scikit-learn than the one that saved it."""


def write_version(folder: Path) -> None:
    """Note the scikit-learn that saves."""
    import sklearn

    write_json(folder / _FILE, {_KEY: sklearn.__version__})


@contextmanager
def same_version(folder: Path) -> Iterator[None]:
    """Load a model in here: one VersionWarning takes the place of scikit-learn's, which come for each estimator in it."""
    import sklearn
    from sklearn.exceptions import InconsistentVersionWarning

    saved = _read_version(slot_file(folder, _FILE))
    if saved == sklearn.__version__:
        yield
        return
    warnings.warn(
        f"the model was saved with scikit-learn {saved} and is loaded with {sklearn.__version__}, with which it may fail or answer "
        f"otherwise: pip install 'scikit-learn=={saved}', or save it again",
        VersionWarning,
        stacklevel=4,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        yield


def _read_version(path: Path) -> str:
    match read_json(path):
        case {"scikit-learn": str(version)}:
            return version
    raise ArtifactError(f"{str(path)!r} is damaged: expected the version of scikit-learn")
