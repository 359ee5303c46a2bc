"""The base of the artifact kit: the methods that a plugin's author defines, and the checks that several tests share."""

from __future__ import annotations

import pickle
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ..artifact import Artifact, type_name
from ..errors import ArtifactError
from ._kit import expect
from ._process import Process, address
from ._same import same


class ArtifactChecks:
    """An artifact, a model, the inputs for its predictions, and how to compare two answers."""

    artifact: ClassVar[Artifact[Any]]
    _fresh_report: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        artifact = vars(cls).get("artifact")
        if isinstance(artifact, Artifact):
            # An artifact is a descriptor that gives instances a model. Wrapped in a staticmethod, it is the artifact itself for them, too.
            cls.artifact = staticmethod(artifact)  # type: ignore[assignment,arg-type]

    def model(self) -> Any:
        """A small fitted model, made anew by each call."""
        raise NotImplementedError(f"{type(self).__name__}.model() is missing: return a small fitted model")

    def inputs(self) -> Any:
        """The inputs for `predict`."""
        raise NotImplementedError(f"{type(self).__name__}.inputs() is missing: return what the model is asked, as its predict takes it")

    def predict(self, model: Any, inputs: Any) -> Any:
        """The model's answers, which can be pickled. By default `model.predict(inputs)`, or the model itself if it has no `predict`."""
        return model.predict(inputs) if hasattr(model, "predict") else model

    def same(self, one: Any, other: Any) -> bool:
        """Whether two answers are the same. By default they must be equal to the last bit."""
        return same(one, other)

    @contextmanager
    def _saved(self, model: Any) -> Iterator[Path]:
        """The folder that `model` is saved in. Its parent folder contains nothing else."""
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, "slot")
            folder.mkdir()
            self.artifact.save(model, folder)
            yield folder

    def _answers(self, model: Any) -> Any:
        return self.predict(model, self.inputs())

    def _check_answers(self, model: Any, expected: Any, what: str) -> None:
        self._check_same(self._answers(model), expected, what)

    def _check_same(self, answers: Any, expected: Any, what: str) -> None:
        if not self.same(answers, expected):
            raise AssertionError(
                f"{what} answers {answers!r}, the one that was packed {expected!r}: keep all that predict() depends on, "
                "or define same() where the last bits may differ"
            )

    def _asked(self, model: object) -> bool:
        """What accepts() returns for a foreign object. If that is False, advice() must return a text, which may be empty."""
        said = self._told("accepts", model)
        expect(type(said) is bool, f"accepts() of a {type_name(model)} returns {said!r}: return True or False")
        advice = "" if said else self._told("advice", model)
        expect(type(advice) is str, f"advice() of a {type_name(model)} returns {advice!r}: return a text, empty if there is nothing to say")
        return bool(said)

    def _told(self, method: str, model: object) -> object:
        try:
            return getattr(self.artifact, method)(model)
        except Exception as error:
            raise AssertionError(
                f"{method}() of a {type_name(model)} raises {type(error).__name__}: {error}: ask for its type before anything else"
            ) from error

    def _check_kept(self, model: object) -> None:
        what = f"the {type_name(model)} {model!r}"
        try:
            with self._saved(model) as folder:
                loaded = self.artifact.load(folder)
        except Exception as error:
            raise AssertionError(
                f"accepts() takes {what}, which cannot be kept: {type(error).__name__}: {error}: accept the framework's types only"
            ) from error
        kept = type(loaded) is type(model) and (loaded == model or type(model) is object)
        expect(kept, f"accepts() takes {what}, which comes back as {loaded!r}: accept only what comes back")

    def _check_refused(self, folder: Path, what: str, *, needed: bool = False) -> None:
        """load() refuses the folder with an ArtifactError. Unless the missing file is `needed`, load() may also return a model."""
        try:
            model = self.artifact.load(folder)
        except ArtifactError:
            return
        except Exception as error:
            raise AssertionError(f"{what}, load() raises {type(error).__name__}: {error}: make it an ArtifactError") from error
        kept = self.artifact.accepts(model) and not needed
        expect(kept, f"{what}, load() returns the {type_name(model)} {model!r}: make it an ArtifactError")

    @contextmanager
    def _fresh_process(self) -> Iterator[tuple[Process, Path]]:
        """A fresh process that has loaded a saved model and made its predictions, and the model's folder."""
        with self._saved(self.model()) as folder, tempfile.TemporaryDirectory() as elsewhere, Process(self.artifact) as process:
            report = process.ask("answers", folder=str(folder), elsewhere=elsewhere, test=address(type(self)))
            report["answers"] = pickle.loads(b64decode(report["answers"]))  # noqa: S301 - of a process that we started
            type(self)._fresh_report = report  # noqa: SLF001 - its own class
            yield process, folder

    def _fresh(self) -> Any:
        """The report of a fresh process that loads a saved model. Made once per test class, because importing the framework is slow."""
        if "_fresh_report" not in type(self).__dict__:
            with self._fresh_process():
                pass
        return self._fresh_report
