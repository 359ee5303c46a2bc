"""The reference is complete, and agrees with the code."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest

import bento
from bento import hookspecs
from bento.builtins import bento_register_adapters, bento_register_artifacts, bento_register_packers
from bento.bundle.manifest import entries
from bento.bundle.manifest.manifest import Manifest
from bento.bundle.manifest.records import Record
from bento.cli import bento as command_line
from bento.serving.calls.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs/reference"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
MODULES = ["bento", "bento.adapters", "bento.artifacts", "bento.packers", "bento.testing", "bento.testing.strategies"]
HOOKS = [name for name in vars(hookspecs) if name.startswith("bento_")]


def section(page: Path, heading: str) -> str:
    """The text under a heading, up to the next heading of its level."""
    level, _, name = heading.partition(" ")
    found = re.search(rf"^{level} {re.escape(name)}$(.*?)(?=^#{{1,{len(level)}}} |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no {heading!r}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """The names in the first column of every table."""
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def stubs(text: str) -> dict[str, str]:
    """The signatures of the functions that python blocks only declare."""
    namespace: dict[str, object] = {}
    for code in re.findall(r"^```python\n(def .*?: \.\.\.)\n```$", text, re.MULTILINE | re.DOTALL):
        exec(f"from __future__ import annotations\n{code}", namespace)
    return {name: str(inspect.signature(value)) for name, value in namespace.items() if inspect.isfunction(value)}


def test_every_hook_is_documented_with_its_signature():
    assert stubs((REFERENCE / "hooks.md").read_text()) == {name: str(inspect.signature(getattr(hookspecs, name))) for name in HOOKS}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_listed_once(module):
    text = section(REFERENCE / "python.md", f"## {module}")
    assert sorted([*stubs(text), *first_cells(text)]) == sorted(import_module(module).__all__)


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_every_public_name_of_a_plugin_is_listed_once(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder / "src")
    # Names that one plugin takes from another have to be listed, too.
    monkeypatch.syspath_prepend(ROOT / "plugins/bento-torch/src")
    module = folder.name.replace("-", "_")
    assert sorted(first_cells(section(REFERENCE / "python.md", f"## {module}"))) == sorted(import_module(module).__all__)


def test_the_functions_have_the_signatures_that_are_documented():
    documented = stubs(section(REFERENCE / "python.md", "### Functions"))
    assert documented == {name: str(inspect.signature(getattr(bento, name))) for name in documented}


def test_every_error_is_documented_with_its_status():
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", section(REFERENCE / "python.md", "### Errors"), re.MULTILINE)
    assert {name: getattr(bento, name).status for name, _ in rows} == {name: int(status) for name, status in rows}


def test_every_status_of_an_error_is_in_the_table():
    statuses = {error.status for error in vars(bento.errors).values() if isinstance(error, type) and error.__module__ == "bento.errors"}
    listed = re.findall(r"^\| (\d{3}) \|", section(REFERENCE / "http.md", "## Statuses"), re.MULTILINE)
    assert statuses <= set(map(int, listed))


METRICS = REFERENCE / "metrics.md"


def metrics() -> Metrics:
    """The metrics of an api, each of them counted."""
    counted = Metrics(["predict"])
    for place in range(len(counted.numbers)):
        counted.numbers[place] = 1.0
    return counted


def test_every_metric_is_documented_with_its_type_and_labels():
    rows = re.findall(r"^\| `(bento_\w+)` \| (\w+) \| \w+ \| ([^|]+) \|", METRICS.read_text(), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == {
        family.name + "_total" * (family.type == "counter"): (
            family.type,
            set().union(*(sample.labels for sample in family.samples)) - {"le"},
        )
        for family in metrics().collect()
    }


def test_every_metric_and_label_in_the_example_queries_exists():
    text = METRICS.read_text()
    known = {sample.name for family in metrics().collect() for sample in family.samples}
    asked = {name for query in re.findall(r"`(?:sum|histogram)[^`]+`|expr: .+", text) for name in re.findall(r"bento_\w+", query)}
    assert asked <= known
    assert len(asked) > 5
    assert {name for labels in re.findall(r"by \(([^)]+)\)", text) for name in labels.split(", ")} == {"api", "stage", "le", "instance"}


def test_every_command_is_documented():
    headings = re.findall(r"^## bento (\S+)$", (REFERENCE / "command-line.md").read_text(), re.MULTILINE)
    assert headings == command_line.list_commands(click.Context(command_line))


def test_every_field_of_a_manifest_is_described():
    kinds = [Manifest, *(value for value in vars(entries).values() if isinstance(value, type) and issubclass(value, Record))]
    names = {name for kind in kinds for name in inspect.get_annotations(kind)}
    assert names == set(first_cells((REFERENCE / "manifest.md").read_text())) | {"size", "wait"}


def test_the_readme_lists_everything_there_is():
    text = section(ROOT / "README.md", "## What there is")
    brought = [*bento_register_artifacts(), *bento_register_adapters(), *bento_register_packers()]
    assert {kind.__name__ for kind in brought} <= set(re.findall(r"`(\w+)`", text))
    plugins = {path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert {"bento-core", "bento-native", *plugins} == set(re.findall(r"^\| \[`([\w-]+)`\]", text, re.MULTILINE))


def test_every_dependency_of_the_core_has_its_reason_in_the_guide():
    project = tomllib.loads((ROOT / "core/pyproject.toml").read_text())["project"]
    dependencies = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]
    assert first_cells(section(ROOT / "CONTRIBUTING.md", "## Dependencies")) == dependencies
