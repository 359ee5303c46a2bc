"""Env: every field is checked once, whatever it is used for later."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from bento import DefinitionError, Env


def refusal_of(**fields: object) -> str:
    with pytest.raises(DefinitionError) as refusal:
        Env(**fields)
    return str(refusal.value)


def test_an_env_keeps_its_arguments():
    env = Env(
        python=["scikit-learn>=1.5", 'tomli; python_version < "3.11"'],
        requirements_txt="requirements.txt",
        apt=["libgomp1", "libstdc++6=12.2.0-14"],
        python_version="3.12",
        base_image="localhost:5000/team/python:3.12-slim",
        setup=Path("deploy/setup.sh"),
    )
    assert env.python == ("scikit-learn>=1.5", 'tomli; python_version < "3.11"')
    assert env.apt == ("libgomp1", "libstdc++6=12.2.0-14")


def test_an_env_without_arguments_is_empty():
    assert Env() == Env(python=[], apt=())


@pytest.mark.parametrize("field", ["python", "apt"])
@pytest.mark.parametrize("value", ["numpy", None, [1], 3])
def test_a_list_field_wants_a_list_of_texts(field, value):
    shown = value if not isinstance(value, list) else [1]
    assert refusal_of(**{field: value}) == f"expected Env({field}=[...]) with a list of texts, got {shown!r}"


@pytest.mark.parametrize("text", ["", "not a requirement", "numpy==", "numpy\nRUN id", "--index-url x", "-r other.txt", "./folder"])
def test_an_invalid_requirement_is_refused(text):
    assert refusal_of(python=[text]) == f"{text!r} is not a requirement: expected one like 'scikit-learn>=1.5'"


@given(st.from_regex(r"[A-Za-z0-9._-]{1,6}(\[[a-z]\])?(==|>=|=== ?)[0-9a-z.+!*-]{1,8}", fullmatch=True))
def test_a_requirement_is_accepted_if_packaging_accepts_it(text):
    try:
        Requirement(text)
    except InvalidRequirement:
        assert refusal_of(python=[text]) == f"{text!r} is not a requirement: expected one like 'scikit-learn>=1.5'"
    else:
        assert Env(python=[text]).python == (text,)


def test_a_requirement_that_points_to_a_place_is_refused():
    assert refusal_of(python=["thing @ file:///etc/passwd"]) == (
        "'thing @ file:///etc/passwd' names a URL: install 'thing' here, and it is kept in the bundle as a wheel"
    )


INJECTIONS = ["x; id", "x && id", "$(id)", "`id`", "x\nRUN id", 'x" id', "x' id", "x\\", "", " ", "-o=x"]


@pytest.mark.parametrize("value", INJECTIONS)
def test_a_value_that_could_break_out_of_its_line_is_refused(value):
    assert refusal_of(apt=[value]) == f"Env(apt={value!r}): expected a Debian package like 'libgomp1' or 'libgomp1=12.2.0-14'"
    assert refusal_of(python_version=value) == f"Env(python_version={value!r}): expected a version like '3.12'"
    assert refusal_of(base_image=value) == f"Env(base_image={value!r}): expected an image like 'python:3.12-slim'"


@pytest.mark.parametrize("image", ["a//b", "a/../b", "../a", "python:", "Python Slim", "python@sha256:12", "a" * 40 + "/" * 40, 3])
def test_an_invalid_image_is_refused(image):
    assert refusal_of(base_image=image) == f"Env(base_image={image!r}): expected an image like 'python:3.12-slim'"


@pytest.mark.parametrize(
    "image", ["python", "python:3.12-slim", "ghcr.io/a/b__c-d.e:1", "localhost:5000/x", "python@sha256:" + "0" * 64, "Registry.example/a"]
)
def test_images_are_named_as_registries_name_them(image):
    assert Env(base_image=image).base_image == image


@pytest.mark.parametrize("field", ["requirements_txt", "setup"])
@pytest.mark.parametrize("path", [*INJECTIONS, "/etc/passwd", "../secret", "a/../../b", ".", "a b", "a/-rf", Path("/etc/passwd")])
def test_a_file_outside_the_project_or_with_a_name_that_breaks_out_is_refused(field, path):
    assert refusal_of(**{field: path}) == (
        f"Env({field}={str(path)!r}): expected a file of the project, relative to the service's module, "
        "its path made of letters, digits and '._+-/'"
    )


@pytest.mark.parametrize("path", ["requirements.txt", "./deploy/setup.sh", ".hidden/été+1.txt", Path("a/b")])
def test_a_file_of_the_project_is_taken(path):
    assert Env(setup=path, requirements_txt=path).setup == path


def test_a_package_marked_for_removal_is_refused():
    assert refusal_of(apt=["libssl3-"]) == "Env(apt='libssl3-'): expected a Debian package like 'libgomp1' or 'libgomp1=12.2.0-14'"
    assert Env(apt=["g++", "libssl-dev"]).apt == ("g++", "libssl-dev")


@pytest.mark.parametrize(
    ("conda", "expected"),
    [
        ({"dependencies": "gdal"}, "expected dependencies as a list of texts, got 'gdal'"),
        ({"dependencies": ["gdal"], "variables": {}}, "expected channels and dependencies, got 'variables'"),
        ([3], "expected dependencies as a list of texts, got 3 in it"),
        (3, "expected dependencies as a list of texts, got 3"),
        ({"channels": ["a"]}, "expected dependencies as a list of texts, got None"),
        ([{"npm": ["x"]}], "expected a text or 'pip:' among the dependencies, got {'npm': ['x']}"),
    ],
)
def test_an_invalid_conda_environment_is_refused(conda, expected):
    assert refusal_of(conda=conda) == f"Env(conda=...): {expected}"


@pytest.mark.parametrize("conda", [["gdal=3.9"], {"channels": ["bioconda"], "dependencies": ["samtools"]}, "deploy/environment.yml"])
def test_a_conda_environment_is_a_list_a_mapping_or_a_file(conda):
    assert Env(conda=conda).conda == conda
