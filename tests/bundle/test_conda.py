"""A conda environment is kept in one form, agrees with what is installed here, and is read as conda reads it."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rattler import MatchSpec, Version, VersionSpec

from bento.bundle.examining.examine import examine
from bento.bundle.examining.finding import Finding
from bento.env.conda import Conda, admits
from bento.errors import BentoError, DefinitionError

MINOR = ".".join(platform.python_version_tuple()[:2])
NUMPY = version("numpy")


def save(project: Any, conda: str, **files: str) -> Any:
    code = project.IRIS.replace("model =", f"env = bento.Env(conda={conda})\n        model =")
    return project.save_iris({"iris.py": code, **files})


def refusal(project: Any, conda: str, **files: str) -> str:
    with pytest.raises(BentoError) as caught:
        save(project, conda, **files)
    assert project.leftovers() == []
    return str(caught.value)


def test_an_environment_is_kept_with_python_and_pip(project: Any) -> None:
    bundle = save(project, "['gdal=3.9', 'proj']")
    assert bundle.manifest.env.conda.plain() == {
        "channels": ["conda-forge"],
        "dependencies": ["gdal=3.9", "proj", f"python={MINOR}", "pip"],
    }
    assert yaml.safe_load((bundle.path / "environment.yml").read_text()) == bundle.manifest.env.conda.plain()


def test_the_name_and_prefix_of_an_environment_file_are_left_out(project: Any) -> None:
    (project.root / "environment.yml").write_text(
        f"name: shop\nprefix: /home/me/envs/shop\nchannels: [bioconda, nodefaults]\n"
        f"dependencies:\n  - python >=3.11\n  - pip\n  - samtools=1.20\n  - pip:\n    - numpy=={NUMPY}\n"
    )
    bundle = save(project, "'environment.yml'")
    assert bundle.manifest.env.conda.plain() == {
        "channels": ["bioconda", "nodefaults"],
        "dependencies": ["python >=3.11", "pip", "samtools=1.20"],
    }
    assert f"numpy=={NUMPY}" in bundle.manifest.requirements
    assert "/home/me" not in (bundle.path / "environment.yml").read_text()


def test_a_conda_environment_must_have_the_python_that_saves_the_bundle(project: Any) -> None:
    here = platform.python_version()
    assert refusal(project, "['python=3.99']") == (
        f"Env(conda=...) asks for Python '=3.99', but Python {here} saves the bundle: ask for python={MINOR}, or save it with that one"
    )


def test_a_conda_package_that_pip_would_replace_must_have_the_required_version(project: Any) -> None:
    asked = "{'dependencies': ['numpy=1.0', {'pip': ['numpy']}]}"
    assert refusal(project, asked) == (
        f"Env(conda=...) asks for numpy '=1.0', but numpy {NUMPY} is what the bundle requires: "
        f"ask for numpy={NUMPY}, or install one that fits"
    )


def test_a_conda_package_may_have_the_version_that_pip_requires(project: Any) -> None:
    bundle = save(project, f"{{'dependencies': ['numpy={NUMPY}', {{'pip': ['numpy']}}]}}")
    assert bundle.manifest.env.conda.dependencies[0] == f"numpy={NUMPY}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- gdal\n", "expected channels and dependencies, got ['gdal']"),
        ("a: [", "while parsing a flow node"),
        ("!!python/name:os.system", ""),
    ],
)
def test_a_file_that_is_not_a_conda_environment_is_refused(project: Any, text: str, fault: str) -> None:
    (project.root / "environment.yml").write_text(text)
    message = refusal(project, "'environment.yml'")
    assert message.startswith(f"{project.root / 'environment.yml'} is not a conda environment: {fault}")


def test_without_a_yaml_parser_the_error_says_what_to_install(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / "environment.yml").write_text("dependencies: [gdal]\n")
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert refusal(project, "'environment.yml'") == (
        f"{project.root / 'environment.yml'} is YAML, which nothing here reads: "
        "pip install 'bento-core[conda]', or write it as Env(conda=[...])"
    )


def test_an_option_for_pip_in_a_conda_environment_is_refused(project: Any) -> None:
    assert refusal(project, "{'dependencies': [{'pip': ['-r needs.txt']}]}") == (
        "Env(conda=...): '-r needs.txt' is an option of pip: write a file of requirements as Env(requirements_txt=...)"
    )


@pytest.mark.parametrize(("wanted", "result"), [("=1.26", "ok"), ("=2.0", "differs"), ("", "ok")])
def test_the_installed_conda_packages_are_compared_with_those_of_the_bundle(
    make_bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, result: str
) -> None:
    conda = {"channels": ["conda-forge"], "dependencies": [f"numpy{wanted}", "gdal", "python=3.11", "pip"]}
    env = {"apt": [], "base_image": None, "conda": conda, "python_version": None, "setup": None}
    bundle = make_bundle(tmp_path / "bundle", {"environment.yml": b"", "src/iris.py": b""}, requirements=[], env=env)
    found = [each for each in examine(bundle) if each.kind == "conda"]
    assert [(each.here, each.result) for each in found] == [("no conda environment", "unknown")]
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta/numpy-1.26.4-py311_0.json").write_text("{}")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert [each for each in examine(bundle) if each.kind == "conda"] == [
        Finding("conda", "numpy", wanted or "any", "1.26.4", result),
        Finding("conda", "gdal", "any", "none", "missing"),
    ]


SPECS = [
    "numpy", "numpy=1.26", "numpy==1.26.4", "numpy=1.26.4=py311_0", "numpy>=1.20,<2", "numpy 1.26.*", "numpy >=1.20,<2",
    "conda-forge::numpy=1.26", "python=3.10|=3.11", "python 3.11", "numpy 1.26 py311_0", "pkgs/main::gdal", "_libgcc_mutex",
    "a!=3.11", "a!=3.11.*", "a~=3.10", "a<3.11", "a>3.11", "a<=3.11", "a=3.11.*", "https://conda.anaconda.org/bioconda::a",
]  # fmt: skip


@pytest.mark.parametrize("spec", SPECS)
def test_a_dependency_means_what_conda_says(spec: str) -> None:
    (name,) = Conda((spec,)).names()
    theirs = MatchSpec(spec)
    wanted = Conda((spec,)).wanted(name) or ""
    for each in ("3.11.7", "3.11", "3.10.0", "3.12.1", "1.26.4", "1.26", "2.0"):
        assert admits(wanted, each) == (theirs.version is None or VersionSpec(str(theirs.version)).matches(Version(each)))


VERSIONS = st.lists(st.integers(0, 30), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
RELATIONS = st.sampled_from(["=", "==", "!=", ">=", "<=", "<", ">"])
CLAUSES = st.lists(st.tuples(RELATIONS, VERSIONS).map("".join), min_size=1, max_size=3)


@given(st.lists(CLAUSES.map(",".join), min_size=1, max_size=2).map("|".join), VERSIONS)
def test_any_relation_means_what_conda_says(wanted: str, version: str) -> None:
    assert Conda((f"a{wanted}",)).wanted("a") == wanted
    assert admits(wanted, version) == VersionSpec(wanted).matches(Version(version))


@pytest.mark.parametrize(
    "spec",
    [
        "a;b",
        "a $(id)",
        "a\nb",
        "--yes",
        "numpy=",
        "",
        "a[version='1']",
        "https://me:secret@x.org/c::a",
        "x/t/tk-1/c::a",
        "A B C D",
        "a" * 300,
    ],
)
def test_an_invalid_conda_dependency_is_refused(spec: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Conda((spec,))
    assert str(caught.value) == (f"Env(conda=...): {spec!r} is not a dependency: expected one like 'gdal', 'gdal=3.9' or 'gdal>=3.8,<4'")


@pytest.mark.parametrize("channel", ["https://me:secret@x.org/c", "https://x.org/t/tk-123/c", "a b", "file:///srv", "-c", ""])
def test_a_channel_with_a_password_or_an_unsafe_character_is_refused(channel: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Conda((), (channel,))
    assert str(caught.value) == f"Env(conda=...): {channel!r} is not a channel: expected one like 'conda-forge', without a token"


def test_an_invalid_conda_version_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        admits(">=x", "1.0")
    assert str(caught.value) == "Env(conda=...): '>=x' asks for no version: expected one like '=3.11' or '>=3.11,<3.13'"
