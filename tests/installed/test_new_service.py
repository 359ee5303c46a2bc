"""A service that `bento new service` writes is complete: it installs into an empty environment, passes its tests and check, and answers."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec

import pytest


@pytest.fixture(scope="module")
def environment(make_environment, wheel):
    return make_environment([wheel("core")])


@pytest.fixture(scope="module")
def run(environment):
    """Run a program of the environment in the project's folder, after it was written and installed as it says."""
    written = environment.run("bento", "new", "service", "house-prices").stdout
    folder = environment.folder / "house-prices"

    def run(program: str, *arguments: str) -> str:
        variables = {**environment.variables, "PATH": f"{environment.folder}/bin"}
        command = [environment.folder / "bin" / program, *arguments]
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "python -m pip install --editable '.[testing]'" in written
    run("python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--editable", ".")
    return run


def test_its_tests_pass(run):
    assert re.search(r"^7 passed in ", run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider"), re.MULTILINE)


@pytest.mark.skipif(not find_spec("mypy"), reason="mypy is not installed here: make check installs it")
def test_its_types_are_strict(run):
    assert run("python", "-m", "mypy").startswith("Success: no issues found in 3 source files")


def test_a_new_service_is_saved_with_an_example_passes_its_check_and_answers(run):
    assert run("python", "train.py").startswith("saved house-prices:")
    assert "predict-1: POST /predict application/json -> application/json" in run("bento", "show", "house-prices")
    assert "failed" not in run("bento", "check", "house-prices", "--draws", "10")
    assert run("bento", "run", "house-prices", "predict", "--input", "[[0, 0]]").startswith("[0.4")
