"""Every fault in this table is caught by the test of the kit that is named beside it, and every test of a kit catches one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import faulty_adapters as adapters
import faulty_artifacts as artifacts
import faulty_packers as packers
from bento.testing import AdapterTests, ArtifactTests, PackerTests, run_checks

PAGE = Path(__file__).resolve().parents[2] / "docs/plugins/testing.md"


class Fault(NamedTuple):
    what: str
    kind: Any
    caught_by: str
    advice: str
    values: Any = None


ARTIFACTS = [
    Fault("has a name that no file or URL takes", artifacts.CapitalArtifact, "the class says what it is", "use a-z, 0-9 and '-'"),
    Fault("refuses its own models", artifacts.ShyArtifact, "the model is accepted", "accepts() does not return True for model()"),
    Fault("accepts everything", artifacts.GreedyArtifact, "what is accepted is kept", "accept the framework's types only"),
    Fault("fails on what it refuses", artifacts.HastyArtifact, "what is accepted is kept", "advice() of a NoneType raises AttributeError"),
    Fault("imports its framework early", artifacts.EagerArtifact, "accepting imports no framework", "imports colorsys"),
    Fault("loses a part of the model", artifacts.LossyArtifact, "a saved model answers as before", "keep all that predict() depends on"),
    Fault("leaves the model in its process", artifacts.TestsOfCached, "a fresh process answers the same", "in a fresh process answers"),
    Fault("depends on the current folder", artifacts.LazyArtifact, "loading depends on no current folder", ""),
    Fault("remembers where it saved", artifacts.PlacedArtifact, "a moved folder loads", ""),
    Fault("writes outside its folder", artifacts.LitteringArtifact, "saving writes only in its folder", "log.txt outside its folder"),
    Fault("is not deterministic", artifacts.DatedArtifact, "saving twice gives the same bytes", "write no times, no random names"),
    Fault(
        "spoils the model that it saves", artifacts.SpoilingArtifact, "saving does not change the model", "the model that was saved answers"
    ),
    Fault("writes when it loads", artifacts.CachingArtifact, "loading changes no file", "open them read-only"),
    Fault(
        "leaves bytecode beside its code", artifacts.ImportingArtifact, "loading changes no file", "set sys.dont_write_bytecode meanwhile"
    ),
    Fault("makes a model of nothing", artifacts.InventiveArtifact, "a missing file is refused", "make it an ArtifactError"),
    Fault(
        "raises the wrong error for a damaged file",
        artifacts.TestsOfRawErrors,
        "a damaged file is refused and runs nothing",
        "turn what a damaged file raises into ArtifactError",
    ),
    Fault("unpickles", artifacts.TestsOfUnpickling, "a format that is only data runs nothing", "use a format of data only"),
    Fault("forgets an option", artifacts.OptionArtifact, "the options make an equal artifact", "has the options {'digits': 5}"),
    Fault("requires what nobody can install", artifacts.UnknownArtifact, "the requirements are installed distributions", "as pip installs"),
    Fault("keeps a file open", artifacts.HoldingArtifact, "loading leaves nothing open", "open when the model is gone"),
    Fault("hands out one model to all", artifacts.SharedArtifact, "two loads are independent", "load it again each time"),
    Fault("is not thread-safe", artifacts.OneAtATimeArtifact, "two threads load at once", "somebody else is loading"),
    Fault(
        "loads what cannot be saved again",
        artifacts.WrappingArtifact,
        "any order of saving copying loading and asking answers the same",
        "a loaded model is saved again with its service",
    ),
    Fault(
        "has a default service without a slot",
        artifacts.UnslottedArtifact,
        "the default service has a slot for the model",
        "default_service() has the slots {}",
    ),
    Fault(
        "has a default service that breaks on what it says it takes",
        artifacts.NarrowArtifact,
        "the default service keeps its word",
        "predict answers 500 (IndexError",
    ),
]

ADAPTERS = [
    Fault("has a name that no URL takes", adapters.CapitalAdapter, "the class says what it is", "use a-z, 0-9 and '-'"),
    Fault("has options that are not JSON", adapters.DtypeOptionAdapter, "the options are json", "return nothing but JSON"),
    Fault("loses the dtype", adapters.DtypeLosingAdapter, "what is encoded decodes to the same", "mend it", adapters.ROWS),
    Fault("is not deterministic", adapters.TimedAdapter, "encoding twice gives the same bytes", "leave out times", adapters.DOCUMENTS),
    Fault("raises the wrong error", adapters.RaisingAdapter, "any bytes are a value or bad input", "make malformed bytes a BadInput"),
    Fault(
        "believes a length that a body claims",
        adapters.TrustingAdapter,
        "a damaged body is a value or bad input",
        "raises IndexError",
        [b"tea", b"coffee"],
    ),
    Fault(
        "reads without a limit of depth", adapters.DeepAdapter, "a hostile body takes no time", "raises RecursionError", adapters.DOCUMENTS
    ),
    Fault("ignores the charset", adapters.Utf8Adapter, "the charset of a text is honoured", "see Payload.text"),
    Fault("takes any codec for a charset", adapters.AnyCharsetAdapter, "an unknown charset is bad input", "raises LookupError"),
    Fault(
        "knows its own media types only",
        adapters.OwnTypesOnlyAdapter,
        "a foreign media type is a value or bad input",
        "raises KeyError",
        adapters.DOCUMENTS,
    ),
    Fault("uses up the body", adapters.ConsumingAdapter, "any buffer is read and none is changed", "leave it as it is"),
    Fault(
        "leaks state between requests",
        adapters.RememberingAdapter,
        "decoding remembers nothing",
        "keep nothing on the adapter",
        adapters.ROWS,
    ),
    Fault(
        "is spoilt by a refused request",
        adapters.SulkingAdapter,
        "any order of requests refusals and batches changes no answer",
        "keep nothing on the adapter",
        adapters.ROWS,
    ),
    Fault(
        "is not thread-safe",
        adapters.SharingAdapter,
        "two threads decode without disturbing each other",
        "beside another thread",
        adapters.ROWS,
    ),
    Fault(
        "swaps the answers of a batch",
        adapters.SwappingAdapter,
        "items of one group leave a batch as they came",
        "a batch of",
        adapters.ROWS,
    ),
    Fault(
        "sorts the list that it stacks",
        adapters.SortingAdapter,
        "items of one group leave a batch as they came",
        "a batch of",
        adapters.ROWS,
    ),
    Fault(
        "changes the items that it stacks",
        adapters.ScalingAdapter,
        "items of one group leave a batch as they came",
        "copy it, because it is stacked again if its batch fails",
        [row.copy() for row in adapters.ROWS],
    ),
    Fault(
        "groups what does not fit together",
        adapters.UngroupedAdapter,
        "items of one group leave a batch as they came",
        "give them different groups",
        [np.ones((2, 2), "float32"), np.ones((2, 3), "float32")],
    ),
    Fault(
        "mixes up what is read together",
        adapters.HastyAdapter,
        "what is read or written together is the same",
        "decode_all() of",
        adapters.ROWS,
    ),
    Fault(
        "reads together what is not in one charset",
        adapters.DeafAdapter,
        "what is read or written together is the same",
        "which ignores() says to mean nothing,",
    ),
    Fault(
        "puts groups together that are read together",
        adapters.MinglingAdapter,
        "what is read or written together is the same",
        "gives values of several groups: give None then",
        adapters.ROWS,
    ),
    Fault(
        "writes something else together",
        adapters.RoundingAdapter,
        "what is read or written together is the same",
        "give the same bytes, or None",
        adapters.ROWS,
    ),
    Fault(
        "shifts answers to other callers",
        adapters.ShiftingAdapter,
        "a result of another length is refused",
        "raise a ValueError",
        adapters.ROWS,
    ),
    Fault(
        "shows no example", adapters.ExamplelessAdapter, "the schema is json schema and fits its examples", "schema() has no examples: give"
    ),
    Fault("shows what cannot be sent", adapters.UnsendableAdapter, "the examples of the schema decode", "give one that can be sent"),
    Fault("claims everything", adapters.GreedyAdapter, "a claimed value can be written", "claim values of your own types only"),
    Fault("writes anything", adapters.ReprAdapter, "a value of another type is refused", "raise a TypeError for what is not yours"),
    Fault("leaves a thread behind", adapters.ThreadLeavingAdapter, "decoding remembers nothing", "the thread 'watcher' still runs: join"),
    Fault("leaves a file open", adapters.FileLeavingAdapter, "decoding remembers nothing", "close it, or use a with statement"),
]

PACKERS = [
    Fault("has a name that no command line takes", packers.CapitalPacker, "the class says what it is", "use a-z, 0-9 and '-'"),
    Fault("does not say what it wrote", packers.SilentPacker, "packing returns what it wrote", "return the path of what was written"),
    Fault("writes beside its place", packers.LitteringPacker, "packing writes only at its place", "packing.log beside what it makes"),
    Fault("changes the bundle", packers.MarkingPacker, "packing does not change the bundle", "copy what has to be different"),
    Fault("is not deterministic", packers.DatedPacker, "packing twice gives the same bytes", "write no times, paths, owners"),
    Fault("depends on the current folder", packers.PlacedPacker, "packing depends on no current folder and no umask", "in another folder"),
    Fault("overwrites", packers.OverwritingPacker, "a taken place is refused", "make it a PackerError"),
    Fault("leaves half of it when it fails", packers.HalfwayPacker, "a failure leaves nothing", "write beside the place and rename"),
    Fault("loses a file", packers.LosingPacker, "every file of the bundle is packed", "does not hold README.md"),
    Fault(
        "changes the answers", packers.RepricingPacker, "what was packed answers as the bundle does", "answers 11 to total, the bundle 10"
    ),
]

# Faults that only an installed plugin can have: test_adapter_kit.py installs one that imports its framework.
ELSEWHERE = {"the plugin imports no framework"}


def kit_of(fault: Fault) -> type:
    if isinstance(fault.kind, type) and issubclass(fault.kind, ArtifactTests):
        return fault.kind
    if fault in ARTIFACTS:
        return type("TestFaulty", (artifacts.LineTests,), {"artifact": fault.kind()})
    if fault in PACKERS:
        return type("TestFaulty", (PackerTests,), {"packer": fault.kind()})
    values = fault.values or adapters.TEXTS
    return type("TestFaulty", (AdapterTests,), {"adapter": fault.kind(), "values": lambda self: values})


def name_of(rule: str) -> str:
    return "test_" + rule.replace(" ", "_")


@pytest.fixture(scope="module", autouse=True)
def tidy():
    yield
    adapters.ThreadLeavingAdapter.ended.set()
    for file in adapters.FileLeavingAdapter.kept:
        file.close()


@pytest.mark.parametrize("fault", [*ARTIFACTS, *ADAPTERS, *PACKERS], ids=lambda fault: f"{fault.kind.__name__} {fault.what}")
def test_a_fault_is_caught_by_the_test_that_is_named_for_it(fault):
    (done,) = run_checks(kit_of(fault), [name_of(fault.caught_by)])
    assert (done.result, done.rule) == ("failed", fault.caught_by)
    assert fault.advice in done.reason


@pytest.mark.parametrize(("kit", "faults"), [(ArtifactTests, ARTIFACTS), (AdapterTests, ADAPTERS), (PackerTests, PACKERS)])
def test_every_test_of_a_kit_catches_a_fault(kit, faults):
    rules = {name.removeprefix("test_").replace("_", " ") for name in dir(kit) if name.startswith("test_")}
    assert {fault.caught_by for fault in faults} == rules - ELSEWHERE


@pytest.mark.parametrize(("heading", "faults"), [("An artifact", ARTIFACTS), ("An adapter", ADAPTERS), ("A packer", PACKERS)])
def test_the_guide_lists_every_fault(heading, faults):
    text = PAGE.read_text().partition(f"| {heading} that ... |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert [(what, rule) for what, rule in rows if rule not in ELSEWHERE and set(rule) != {"-"}] == [
        (fault.what, fault.caught_by) for fault in faults
    ]
