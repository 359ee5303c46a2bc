"""What the tests for an artifact are made of: its author's part, and the checks that several tests share."""

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
    """An artifact, a model, what it is asked, and whether its answers are the same."""

    artifact: ClassVar[Artifact[Any]]
    _fresh_report: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        artifact = vars(cls).get("artifact")
        if isinstance(artifact, Artifact):
            # An instance of a class with an artifact would read a model there; a staticmethod gives what it holds to both.
            cls.artifact = staticmethod(artifact)  # type: ignore[assignment,arg-type]

    def model(self) -> Any:
        """A small fitted model, made anew."""
        raise NotImplementedError(f"{type(self).__name__}.model() is missing: return a small fitted model")

    def inputs(self) -> Any:
        """What the model is asked."""
        raise NotImplementedError(f"{type(self).__name__}.inputs() is missing: return what the model is asked, as its predict takes it")

    def predict(self, model: Any, inputs: Any) -> Any:
        """The model's answers, as something that pickles; by default `model.predict(inputs)`, or the model where it has no `predict`."""
        return model.predict(inputs) if hasattr(model, "predict") else model

    def same(self, one: Any, other: Any) -> bool:
        """Whether two answers are the same; by default, to the last bit."""
        return same(one, other)

    @contextmanager
    def _saved(self, model: Any) -> Iterator[Path]:
        """A folder that `model` is saved in, alone in a folder of its own."""
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
        """What accepts() says of a foreign object; what it refuses, advice() has a word about, or none."""
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
        """Unless it is `needed`, a file may be one that loading does without; what load() returns then is a model."""
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
        """A fresh process that has loaded a saved model and answered, and the model's folder."""
        with self._saved(self.model()) as folder, tempfile.TemporaryDirectory() as elsewhere, Process(self.artifact) as process:
            report = process.ask("answers", folder=str(folder), elsewhere=elsewhere, test=address(type(self)))
            report["answers"] = pickle.loads(b64decode(report["answers"]))  # noqa: S301 - of a process that we started
            type(self)._fresh_report = report  # noqa: SLF001 - its own class
            yield process, folder

    def _fresh(self) -> Any:
        """What a fresh process tells of loading a saved model; asked once for each test class, since it imports the framework."""
        if "_fresh_report" not in type(self).__dict__:
            with self._fresh_process():
                pass
        return self._fresh_report
