"""A plugin that `bento new plugin` writes is complete: it builds, installs into an empty environment, passes its tests and serves."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new") / "bento-red-shift"
    subprocess.run([sys.executable, "-m", "bento", "new", "plugin", "red-shift", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def environment(make_environment, build, wheel, project):
    return make_environment([wheel("core"), *build(project)])


def test_its_tests_pass(environment, project):
    shown = environment.run("python", "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(project), str(project / "tests")).stdout
    assert re.search(r"^=+ \d+ passed in ", shown, re.MULTILINE)


def test_its_checks_pass_where_it_is_installed(environment):
    shown = environment.run("bento", "plugins", "red-shift", "--check").stdout
    assert re.fullmatch(r"\d+ ok", shown.splitlines()[-1])


@pytest.mark.skipif(not find_spec("mypy"), reason="mypy is not installed here: make check installs it")
def test_its_types_are_strict(environment, project):
    done = environment.run("python", "-m", "mypy", "--config-file", str(project / "pyproject.toml"), str(project / "src"))
    assert done.stdout.startswith("Success: ")


def test_the_service_of_its_readme_answers(environment, project):
    code = re.search(r"^```python\n(.*?)^```$", (project / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    (environment.folder / "straight.py").write_text(code)
    environment.run("python", "straight.py")
    assert environment.run("bento", "run", "straight:1", "predict", "--input", "0 1.5").stdout == "1.0 4.0\n"
