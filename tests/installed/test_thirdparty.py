"""A third-party plugin, built and installed as its author would, which uses only what bento documents."""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1] / "thirdparty/bento-sqlite"
DOCUMENTED = ("bento", "bento.adapters", "bento.artifacts", "bento.packers", "bento.testing", "bento.testing.strategies")


@pytest.fixture(scope="module")
def environment(make_environment, build, wheel):
    return make_environment([wheel("core"), *build(PROJECT)])


def test_its_tests_pass(environment):
    arguments = ["-p", "no:cacheprovider", "--rootdir", str(PROJECT), "-c", str(PROJECT / "pyproject.toml"), str(PROJECT / "tests")]
    shown = environment.run("python", "-m", "pytest", *arguments).stdout
    assert re.search(r"^=+ \d+ passed in ", shown, re.MULTILINE)


def test_its_checks_pass_where_it_is_installed(environment):
    checks = json.loads(environment.run("bento", "plugins", "sqlite", "--check", "--json").stdout)["checks"]
    assert {check["result"] for check in checks} == {"ok"}
    assert {check["tests"] for check in checks} == {"TestCsvAdapter", "TestFilesPacker", "TestSqliteArtifact"}


def test_the_service_of_its_readme_answers_and_is_packed(environment):
    code = re.search(r"^```python\n(.*?)^```$", (PROJECT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    (environment.folder / "menu.py").write_text(code)
    environment.run("python", "menu.py")
    assert environment.run("bento", "run", "menu:1", "below", "--input", "6").stdout == '"name","price"\n"cake","5"\n"tea","3"\n'
    assert environment.run("bento", "pack", "menu:1", "sqlar", "menu.sqlar").stdout == "menu.sqlar\n"


@pytest.mark.skipif(not find_spec("mypy"), reason="mypy is not installed here: make check installs it")
def test_its_types_are_strict(environment):
    done = environment.run("python", "-m", "mypy", "--config-file", str(PROJECT / "pyproject.toml"), str(PROJECT / "src"))
    assert done.stdout.startswith("Success: ")


@pytest.mark.parametrize("path", sorted(PROJECT.rglob("*.py")), ids=lambda path: path.name)
def test_it_uses_nothing_that_is_not_documented(path):
    tree = ast.parse(path.read_text())
    names = [(node.module, alias.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    used = [(module, name) for module, name in names if module and module.partition(".")[0] == "bento"]
    assert [(module, name) for module, name in used if module not in DOCUMENTED or name not in import_module(module).__all__] == []
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "bento"}
    assert asked <= set(import_module("bento").__all__)
