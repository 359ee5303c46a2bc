"""The published compiled loops work, and without a compiler bento does without them."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "import bento.serving.http.fast; from bento.compiled import is_compiled; print(is_compiled())"
MODULES = {"arriving", "core", "leaving", "numbers", "passing"}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with its source distribution, and the wheel of that.

    The compiler does not optimise, which takes most of its time: all other tests run what it has optimised.
    """
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--quiet", "--no-isolation", "--outdir", str(out), str(ROOT / "native")]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "CFLAGS": "-O0"})
    return out


@pytest.fixture(scope="module")
def sdist(built) -> Path:
    (path,) = built.glob("*.tar.gz")
    return path


def test_the_source_distribution_of_bento_native_holds_sources_and_nothing_compiled(sdist):
    with tarfile.open(sdist) as archive:
        inside = {path.partition("/")[2] for path in archive.getnames()}
    assert {f"src/bento_native/{name}.pyx" for name in MODULES} | {"src/bento_native/slots.pxd", "src/bento_native/core.pxd"} <= inside
    assert {path for path in inside if path.endswith((".c", ".so"))} == set()


def test_an_installed_bento_native_replaces_the_python_code(make_environment, wheel, built):
    (own,) = built.glob("*.whl")
    assert "none-any" not in own.name
    with zipfile.ZipFile(own) as archive:
        names = archive.namelist()
    assert {name.partition("/")[2].partition(".")[0] for name in names if name.endswith(".so")} == MODULES
    others = {name for name in names if name.startswith("bento_native/") and not name.endswith(".so")}
    assert others == {"bento_native/__init__.py", "bento_native/py.typed"}
    environment = make_environment([wheel("core"), own])
    assert environment.run("python", "-c", SCRIPT).stdout == "True\n"


def test_without_a_compiler_bento_native_installs_and_bento_uses_its_python_code(make_environment, wheel, sdist):
    environment = make_environment([wheel("core")])
    pip = ("-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", str(sdist))
    environment.run("python", *pip, CC="/nowhere/cc", PIP_DISABLE_PIP_VERSION_CHECK="1")
    assert environment.run("python", "-c", SCRIPT).stdout == "False\n"
