"""Every distribution of this repository has the same shape."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bento

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
NATIVE = ROOT / "native"
PROJECTS = [ROOT / "core", NATIVE, *PLUGINS]
PINS = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))


def pyproject(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def project(folder: Path) -> dict:
    return pyproject(folder)["project"]


@pytest.fixture(params=PLUGINS, ids=lambda path: path.name)
def plugin(request) -> Path:
    return request.param


@pytest.fixture
def importable(plugin, monkeypatch) -> str:
    """The name of the package of a plugin; it and the plugins that it depends on can be imported."""
    needed = {Requirement(line).name for line in project(plugin)["dependencies"]}
    for each in PLUGINS:
        if each == plugin or each.name in needed:
            monkeypatch.syspath_prepend(each / "src")
    return plugin.name.replace("-", "_")


@pytest.fixture(params=PROJECTS, ids=lambda path: path.name)
def folder(request) -> Path:
    return request.param


def test_the_tests_of_plugins_find_plugins():
    assert "bento-sklearn" in {plugin.name for plugin in PLUGINS}


def test_every_distribution_has_the_version_of_core(folder):
    assert project(folder)["version"] == bento.__version__


def test_the_metadata_of_every_distribution_agree(folder):
    core, own = project(ROOT / "core"), project(folder)
    assert {key: own[key] for key in ("license", "license-files", "readme", "requires-python")} == {
        "license": "Apache-2.0",
        "license-files": ["LICENSE"],
        "readme": "README.md",
        "requires-python": core["requires-python"],
    }
    assert folder == NATIVE or pyproject(folder)["build-system"] == pyproject(ROOT / "core")["build-system"]
    assert "Typing :: Typed" in own["classifiers"]


def test_every_distribution_has_its_licence(folder):
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_every_distribution_says_how_to_install_it(folder):
    assert f"pip install {project(folder)['name']}" in (folder / "README.md").read_text()


def test_a_plugin_is_named_after_its_folder_and_its_package_after_that(plugin):
    own = project(plugin)
    package = plugin.name.replace("-", "_")
    assert own["name"] == plugin.name
    assert own["entry-points"] == {"bento": {plugin.name.removeprefix("bento-"): package}}
    assert pyproject(plugin)["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": [f"src/{package}"]}


def test_a_plugin_is_typed_and_tested(plugin):
    package = plugin / "src" / plugin.name.replace("-", "_")
    assert (package / "py.typed").read_bytes() == b""
    assert list((plugin / "tests").glob("test_*.py")) != []


def test_every_plugin_is_tested_with_a_kit(plugin):
    used = re.compile(rf"^from (bento\.testing|{plugin.name.replace('-', '_')}\.checks) import .*(Tests|Checks|Test[A-Z])", re.MULTILINE)
    assert [path.name for path in (plugin / "tests").glob("test_*.py") if used.search(path.read_text())] != []


def test_a_plugin_needs_the_core_it_was_made_for_and_offers_its_tests_an_extra(plugin):
    own = project(plugin)
    assert f"bento-core~={bento.__version__}" in own["dependencies"]
    assert "bento-core[testing]" in own["optional-dependencies"]["testing"]


def test_a_plugins_package_imports_without_its_framework_and_says_what_it_offers(importable):
    package = import_module(importable)
    assert list(package.__all__) == sorted(package.__all__)
    assert [name for name in package.__all__ if not getattr(package, name).__doc__] == []
    assert package.__doc__


def test_a_plugin_has_a_test_class_for_everything_it_brings(importable):
    """`bento plugins NAME --check` runs these classes; importing them needs no framework, because none is installed here."""
    hooks = [value for key, value in vars(import_module(importable)).items() if key.startswith("bento_register_")]
    brought = {kind for hook in hooks for kind in hook()}
    tests = [value for value in vars(import_module(f"{importable}.checks")).values() if inspect.isclass(value)]
    own = {type(getattr(kit, kind)) for kit in tests for kind in ("artifact", "adapter", "packer") if kind in vars(kit)}
    assert brought <= own


def declared_requirements() -> list[Requirement]:
    groups = pyproject(ROOT)["dependency-groups"].values()
    lines = [line for group in groups for line in group if isinstance(line, str)]
    for folder in PROJECTS:
        lines += project(folder)["dependencies"]
        lines += [line for extra in project(folder).get("optional-dependencies", {}).values() for line in extra]
    own = {canonicalize_name(project(folder)["name"]) for folder in PROJECTS}
    return [requirement for requirement in map(Requirement, lines) if canonicalize_name(requirement.name) not in own]


@pytest.mark.parametrize("requirement", declared_requirements(), ids=str)
def test_every_dependency_is_tested_in_one_version_that_it_allows(requirement):
    pins = {canonicalize_name(name): version for name, version in PINS.items()}
    assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_the_tested_versions_are_plain_pins_without_addresses():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if line not in {f"{name}=={version}" for name, version in PINS.items()}] == []


def test_core_has_twelve_dependencies_or_fewer():
    assert len(project(ROOT / "core")["dependencies"]) <= 12
