"""State machines: rules that hold in whatever order an artifact or an adapter is used."""

from __future__ import annotations

import copy
import gc
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule, run_state_machine_as_test

from ._bodies import damaged

if TYPE_CHECKING:
    from ._adapter import AdapterChecks
    from ._artifact import ArtifactChecks


def run(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """Run random sequences of a machine's rules. A failure shows the shortest sequence that fails."""
    __tracebackhide__ = True
    bounds = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=set(Phase) - {Phase.explain},
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounds)


class ArtifactMachine(RuleBasedStateMachine):
    """Models are saved, copied, loaded, saved again, used and dropped. Every model answers as the first one did."""

    tests: ClassVar[ArtifactChecks]
    first: ClassVar[Any]
    expected: ClassVar[Any]

    folders, fitted, loaded = Bundle("folders"), Bundle("fitted"), Bundle("loaded")

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory()
        self._free = (Path(self._place.name, str(number)) for number in count())

    def teardown(self) -> None:
        self._place.cleanup()

    @initialize(target=fitted)
    def fit(self) -> Any:
        return self.first

    @rule(target=folders, model=fitted | loaded)
    def save(self, model: Any) -> Path:
        return self._saved(model)

    @initialize(target=loaded)
    def save_and_load(self) -> Any:
        model = self.tests.artifact.load(self._saved(self.first))
        # Saved at once, because the sequences are short, and some would never save a loaded model.
        self._saved(model)
        return model

    @rule(target=folders, folder=folders)
    def copy(self, folder: Path) -> Path:
        return Path(shutil.copytree(folder, next(self._free)))

    @rule(target=loaded, folder=folders)
    def load(self, folder: Path) -> Any:
        return self.tests.artifact.load(folder)

    @rule(model=fitted | loaded)
    def ask(self, model: Any) -> None:
        self.tests._check_same(self.tests._answers(model), self.expected, "a model, after what was done before,")  # noqa: SLF001

    @rule(model=consumes(loaded))
    def drop(self, model: Any) -> None:
        del model
        gc.collect()

    def _saved(self, model: Any) -> Path:
        folder = next(self._free)
        folder.mkdir()
        try:
            self.tests.artifact.save(model, folder)
        except Exception as error:
            raise AssertionError(
                f"save() raises {type(error).__name__}: {error}: a loaded model is saved again with its service, keep what saving needs"
            ) from error
        return folder


def artifact_machine(tests: ArtifactChecks) -> type[RuleBasedStateMachine]:
    """The machine for the artifact of one test class."""
    first = tests.model()
    return type("AnArtifact", (ArtifactMachine,), {"tests": tests, "first": first, "expected": tests._answers(first)})  # noqa: SLF001


def adapter_machine(tests: AdapterChecks) -> type[RuleBasedStateMachine]:
    """The machine for an adapter: requests are read, refused and batched in any order, and each is answered as if it were the only one."""
    values, media_types = tests._strategy(), st.sampled_from(tests._written())  # noqa: SLF001

    class AnAdapter(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self._tests = copy.copy(tests)
            vars(self._tests)["adapter"] = copy.deepcopy(tests.adapter)  # a fresh adapter for each example

        @rule(value=values, media_type=media_types)
        def read(self, value: Any, media_type: str) -> None:
            self._check_read(value, media_type)

        def _check_read(self, value: Any, media_type: str) -> None:
            what = f"decoding {media_type}, after what was done before (keep nothing on the adapter),"
            self._tests._check_same(self._tests._decode(self._tests._request(value, media_type), what), value, what)  # noqa: SLF001

        @rule(value=values, media_type=media_types, data=st.data())
        def read_damaged(self, value: Any, media_type: str, data: st.DataObject) -> None:
            whole = self._tests._request(value, media_type)  # noqa: SLF001
            self._tests._check_survives(whole._replace(data=data.draw(damaged(bytes(whole.data)), label="body")))  # noqa: SLF001
            # Read at once, because the sequences are short, and some would never read a request after a refusal.
            self._check_read(value, media_type)

        @rule(items=st.lists(values, min_size=1, max_size=4))
        def batch(self, items: list[Any]) -> None:
            adapter = self._tests.adapter
            group = [item for item in items if adapter.group(item) == adapter.group(items[0])]
            answers = adapter.unstack(self._tests._stacked(group), [adapter.rows(item) for item in group])  # noqa: SLF001
            for item, answer in zip(group, answers, strict=True):
                self._tests._check_same(answer, item, "a batch, after what was done before (keep nothing on the adapter),")  # noqa: SLF001

    return AnAdapter
