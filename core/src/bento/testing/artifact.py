"""The kit for artifacts: the rules that every model format has to keep."""

from __future__ import annotations

import gc
import json
import shutil
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path, PurePath
from threading import Barrier
from typing import Any

from hypothesis import Phase, given, settings

from ..artifact import type_name
from ..errors import ArtifactError
from ..service import Service
from ._artifact import ArtifactChecks
from ._child import foreign, odd
from ._distributions import installed, packages
from ._files import contents, damages, links, open_files, read_only, times, writing_bytecode
from ._kit import Kit, check_name, expect
from ._machines import artifact_machine, run
from ._process import Process
from ._same import same

_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset, PurePath)


class ArtifactTests(ArtifactChecks, Kit, kit=True):
    """Tests for one artifact::

        class TestThingArtifact(ArtifactTests):
            artifact = ThingArtifact()

            def model(self):
                return fitted_thing()

            def inputs(self):
                return [[1.0, 2.0]]

    Define the class at the top level of a module, because a fresh process imports it.
    """

    def test_the_class_says_what_it_is(self) -> None:
        """The manifest and `bento plugins` show `name`, `framework` and `runs_code`."""
        kind = type(self.artifact)
        framework = kind.framework
        check_name(kind, "Artifact")
        expect(
            framework is None or framework.isidentifier(), f"{kind.__name__}.framework is {framework!r}: give the name it is imported by"
        )
        expect(type(kind.runs_code) is bool, f"{kind.__name__}.runs_code is {kind.runs_code!r}: use True or False")

    def test_the_model_is_accepted(self) -> None:
        model = self.model()
        expect(self.artifact.accepts(model) is True, f"accepts() does not return True for model(), a {type_name(model)}")

    def test_what_is_accepted_is_kept(self) -> None:
        """Foreign objects are refused, with or without `advice`. If a format accepts one, it must bring the object back."""
        for model in foreign():
            if self._asked(model):
                self._check_kept(model)
        for model in odd():
            self._asked(model)

    def test_accepting_imports_no_framework(self) -> None:
        """A server with ten plugins starts as fast as one with none, and a missing framework does not affect other plugins."""
        modules = sorted({*filter(None, [self.artifact.framework]), *packages(self.artifact.requirements())})
        with Process(self.artifact) as process:
            imported = process.ask("accepts", modules=modules)
        expect(
            not imported,
            f"importing {type(self.artifact).__module__} and calling accepts() imports {', '.join(imported)}: "
            "import it in save() and load() only, and recognise a model with bento.instance_of",
        )

    def test_a_saved_model_answers_as_before(self) -> None:
        model = self.model()
        with self._saved(model) as folder:
            self._check_answers(self.artifact.load(folder), self._answers(model), "the loaded model")

    def test_a_damaged_file_is_refused_and_runs_nothing(self) -> None:
        """Whatever bytes a file holds, load() gives a model or an ArtifactError. Only a format with `runs_code` may run code from it."""
        # Defined before the other tests that need a fresh process: they reuse the report of this one, and the framework is imported once.
        with self._fresh_process() as (process, folder):
            process.ask("limit")

            @settings(max_examples=self.max_examples, deadline=None, database=None, phases=set(Phase) - {Phase.explain})
            @given(damages(contents(folder)))
            def load(damage: Any) -> None:
                with damage.done_to(folder):
                    told = process.ask("load", folder=str(folder))
                expect(not told["raised"], f"{damage}: load() raised {told['raised']}: turn what a damaged file raises into ArtifactError")
                expect(self.artifact.runs_code or not told["ran"], f"{damage}: load() ran {'; '.join(told['ran'])}")

            load()

    def test_a_fresh_process_answers_the_same(self) -> None:
        """Loading must not need anything that exists only in the process that saved the model."""
        self._check_same(self._fresh()["answers"], self._answers(self.model()), "a model loaded in a fresh process")

    def test_loading_depends_on_no_current_folder(self) -> None:
        with self._saved(self.model()) as folder, tempfile.TemporaryDirectory() as elsewhere:
            with chdir(folder.parent):
                model = self.artifact.load(Path(folder.name))
            with chdir(elsewhere):
                self._check_answers(model, self._answers(self.model()), "a model loaded by a relative path and asked in another folder")

    def test_a_moved_folder_loads(self) -> None:
        """Bundles are copied, renamed and mounted, so a file must not contain the path that it was saved at."""
        with self._saved(self.model()) as folder:
            moved = folder.rename(folder.with_name("moved"))
            self._check_answers(self.artifact.load(moved), self._answers(self.model()), "the model of a moved folder")

    def test_saving_writes_only_in_its_folder(self) -> None:
        with tempfile.TemporaryDirectory() as place, chdir(place):
            with self._saved(self.model()) as folder:
                beside = [path.name for path in folder.parent.iterdir() if path != folder]
                expect(any(path.is_file() for path in folder.rglob("*")), "save() wrote no file into its folder")
                expect(not links(folder), f"save() made {', '.join(links(folder))}, which no bundle takes along: write plain files")
            left = beside + [path.name for path in Path(place).iterdir()]
        expect(not left, f"save() wrote {', '.join(left)} outside its folder")

    def test_saving_twice_gives_the_same_bytes(self) -> None:
        """Equal models give equal bundles: do not write times, random names or the addresses of objects."""
        model = self.model()
        with self._saved(model) as one, self._saved(model) as other:
            first, second = contents(one), contents(other)
        different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
        expect(not different, f"saving one model twice gave different bytes in {', '.join(different)}: write no times, no random names")

    def test_saving_does_not_change_the_model(self) -> None:
        model = self.model()
        before = self._answers(model)
        with self._saved(model):
            self._check_answers(model, before, "the model that was saved")

    def test_loading_changes_no_file(self) -> None:
        """Processes share bundles, and images with bundles may be read-only."""
        with self._saved(self.model()) as folder, read_only(folder), tempfile.TemporaryDirectory() as place, chdir(place):
            before = times(folder)
            with writing_bytecode():
                model = self.artifact.load(folder)
                self._answers(model)
            caches = [path.name for path in folder.rglob("*.pyc")]
            expect(not caches, f"load() leaves {', '.join(caches)} beside the code that it imports: set sys.dont_write_bytecode meanwhile")
            expect(times(folder) == before, "load() changes files or writes new ones: open them read-only")
            expect(not list(Path(place).iterdir()), "load() writes into the current folder")
        wrote = self._fresh()["wrote"]
        expect(not wrote, f"load() opens {', '.join(wrote)} for writing: open it read-only")

    def test_a_missing_file_is_refused(self) -> None:
        with self._saved(self.model()) as folder:
            for path in [path for path in sorted(folder.rglob("*")) if path.is_file()]:
                hidden = path.rename(folder.parent / "hidden")
                self._check_refused(folder, f"without {path.name!r}")
                hidden.rename(path)
            shutil.rmtree(folder)
            folder.mkdir()
            self._check_refused(folder, "without any file", needed=True)

    def test_a_format_that_is_only_data_runs_nothing(self) -> None:
        """`runs_code` decides whether a bundle from elsewhere needs trust."""
        ran = self._fresh()["ran"]
        expect(self.artifact.runs_code or not ran, f"load() ran {'; '.join(ran)}: set runs_code = True, or use a format of data only")

    def test_the_options_make_an_equal_artifact(self) -> None:
        """The manifest keeps the options, and a bundle is loaded with an artifact that is made from them."""
        options = self.artifact.options()
        kept = json.loads(json.dumps(options, allow_nan=False))
        expect(same(kept, options), f"options() returns {options!r}, which JSON brings back as {kept!r}: use plain JSON values")
        again = type(self.artifact)(**kept)
        expect(again.options() == options, f"{type(again).__name__}(**{kept}) has the options {again.options()}")
        with self._saved(self.model()) as folder:
            self._check_answers(again.load(folder), self._answers(self.model()), "the model loaded by an artifact made of the options")

    def test_the_requirements_are_installed_distributions(self) -> None:
        missing = [name for name in self.artifact.requirements() if not installed(name)]
        expect(not missing, f"requirements() names {', '.join(missing)}: give the names of distributions, as pip installs them")

    def test_loading_leaves_nothing_open(self) -> None:
        """A server may load and drop models for months."""
        with self._saved(self.model()) as folder:
            self.artifact.load(folder)
            # So that the collections below do not find garbage of other tests.
            gc.collect()
            before = open_files()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ResourceWarning)
                model = self.artifact.load(folder)
                gc.collect()
            with warnings.catch_warnings():
                # Models are not closed. From Python 3.13 on, a model that is a database connection gives this warning when it is freed.
                warnings.simplefilter("ignore", ResourceWarning)
                del model
                gc.collect()
            unclosed = [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)]
            left = sorted(open_files() - before)
        expect(not unclosed, f"load() leaves files unclosed: {'; '.join(unclosed)}")
        expect(not left, f"load() leaves {', '.join(left)} open when the model is gone")

    def test_two_loads_are_independent(self) -> None:
        with self._saved(self.model()) as folder:
            answers = self._answers(self.model())
            first, second = self.artifact.load(folder), self.artifact.load(folder)
            expect(first is not second or isinstance(first, _IMMUTABLE), "load() returns the same object twice: load it again each time")
            del first
            gc.collect()
            self._check_answers(second, answers, "the second of two loaded models")

    def test_any_order_of_saving_copying_loading_and_asking_answers_the_same(self) -> None:
        """A loaded model is as good as the original: it can be saved again, and using other loaded models does not change it."""
        run(artifact_machine(self), examples=min(self.max_examples, 10), steps=12)

    def test_two_threads_load_at_once(self) -> None:
        with self._saved(self.model()) as folder, ThreadPoolExecutor(2) as threads:
            answers, start = self._answers(self.model()), Barrier(2)

            def load() -> Any:
                start.wait(timeout=60)
                return self.artifact.load(folder)

            for future in [threads.submit(load), threads.submit(load)]:
                self._check_answers(future.result(), answers, "a model loaded while another thread loads it too")

    def test_the_default_service_has_a_slot_for_the_model(self) -> None:
        service = self.artifact.default_service()
        if service is not None:
            expect(issubclass(service, Service) and service.apis, "default_service() returns no bento.Service with an api")
            kinds = {slot: type(artifact) for slot, artifact in service.artifacts.items()}
            expected = {"model": type(self.artifact)}
            expect(kinds == expected, f"default_service() has the slots {kinds}: give it {expected}")
            service(model=self.model())

    def test_the_default_service_keeps_its_word(self) -> None:
        """The api of a model that is saved without a class answers or refuses all requests that it declares, alone and in a batch."""
        from .service import ServiceTests

        kind = self.artifact.default_service()
        if kind is not None and [*kind.artifacts] == ["model"]:
            try:
                service = kind(model=self.model())
            except ArtifactError:  # the format has no default service for this model
                return
            tests = type(kind.__name__, (ServiceTests,), {"service": lambda _: service, "max_examples": min(self.max_examples, 20)})()
            tests.test_no_request_makes_it_fail()
            tests.test_requests_at_once_are_answered_as_each_alone()
            tests.test_the_schemas_are_valid_and_the_example_shown_is_answered()
