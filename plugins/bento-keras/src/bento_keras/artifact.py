"""Models as `.keras` files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bento import Artifact, ArtifactError, Service, instance_of, type_name
from bento.artifacts import slot_file, suffix_of

from . import back_end
from .custom import Custom, CustomObjects

if TYPE_CHECKING:
    import keras

    from bento.artifact import JSON

_FILE = "model.keras"
_LARGE = 64 * 1024**2
"""In bytes. Keras unpacks files larger than half the free memory to disk, or than 512 MB if it cannot tell the free memory."""
_OWN = ".keras"
_WEIGHTS = ".weights.h5"
_LEGACY = (".h5", ".hdf5")
_WHY = (
    "is of the legacy HDF5 format, in which Keras runs code whatever safe_mode says (CVE-2025-9905): "
    "load it with keras.saving.load_model if you trust it, and pack the model"
)


class KerasArtifact(Artifact["keras.Model"]):
    """Keeps a model as a `.keras` file. It is read with `safe_mode=True`, and only if everything that it names is known to be data.

    `custom_objects` are the classes and functions of the service's code that the model uses: a list of them or of their names, or a
    mapping as for Keras. What only training needs (optimizer, loss, metrics) is left out, so a loaded model is not compiled. A model is
    loaded with the back end that it was saved with, unless Keras is already imported or `KERAS_BACKEND` is set. With another back end it
    gives the same answers, except for the last digits. Equal models give equal bytes.
    """

    name = "keras"
    framework = "keras"

    def __init__(self, *, custom_objects: Mapping[str, Custom] | Sequence[Custom] = ()) -> None:
        self._custom = CustomObjects.of(custom_objects)

    def save(self, model: keras.Model, folder: Path) -> None:
        from .archive import write

        if not model.built:
            raise ArtifactError(f"this {type_name(model)} is not built and has no weights yet: call it once before it is packed")
        write(model, folder / _FILE, self._custom.found())
        if self._custom.given:
            # Only loading shows whether a user's class can be made from its config.
            self.load(folder)

    def load(self, folder: Path) -> keras.Model:
        _check_legacy(folder)
        path = slot_file(folder, _FILE)
        model = self._read(path)
        if not self.accepts(model):
            raise ArtifactError(f"{str(path)!r} holds a {type_name(model)}, which is not a model")
        return model

    def accepts(self, model: object) -> bool:
        return instance_of(model, "keras", "Model")

    def advice(self, model: object) -> str:
        suffix = suffix_of(model)
        if suffix and str(model).endswith(_WEIGHTS):
            return f"load {str(model)!r} into a model with load_weights(), and pack the model"
        if suffix in _LEGACY:
            return f"{str(model)!r} {_WHY}"
        return f"load {str(model)!r} with keras.saving.load_model, and pack the model" if suffix == _OWN else ""

    def requirements(self) -> list[str]:
        return ["keras", *back_end.requirements()]

    def modules_of(self, model: keras.Model) -> list[str]:
        return self._custom.modules()

    def options(self) -> dict[str, JSON]:
        return self._custom.options()

    def around(self) -> AbstractContextManager[object]:
        if back_end.current() != "torch":
            return nullcontext()
        import torch

        mode: AbstractContextManager[object] = torch.no_grad()
        return mode

    def default_service(self) -> type[Service] | None:
        if self._custom.given:
            return None
        from .service import KerasService

        return KerasService

    def _read(self, path: Path) -> Any:
        from .archive import check_contents, saved_under

        saved = saved_under(path)
        back_end.propose(saved)
        try:
            import keras

            custom = self._custom.found()
        except Exception as error:
            raise _unloadable(path, saved, error) from error
        check_contents(path, custom)
        try:
            with _place_of(path) as place:
                return keras.saving.load_model(place, custom_objects=custom, compile=False, safe_mode=True)
        except Exception as error:
            raise _unloadable(path, saved, error) from error


@contextmanager
def _place_of(path: Path) -> Iterator[Path]:
    """The path to give to Keras. Keras unpacks a large file beside it, so this is a link in a temporary folder outside of the bundle."""
    if path.stat().st_size < _LARGE:
        yield path
        return
    with TemporaryDirectory() as folder:
        link = Path(folder, path.name)
        link.symlink_to(path.absolute())
        yield link


def _check_legacy(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix.lower() in _LEGACY:
            raise ArtifactError(f"{str(path)!r} {_WHY}")


def _unloadable(path: Path, saved: str, error: Exception) -> ArtifactError:
    here = back_end.current()
    where = f"was saved under the back end {saved!r}" + (f", and this is {here!r}" if here != saved else "")
    return ArtifactError(f"cannot load {str(path)!r}, which {where}: {type(error).__name__}: {error}")
