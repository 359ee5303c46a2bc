from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bento.errors import PackerError
from bento.packers import DockerPacker, LambdaPacker
from lambdas import EVENTS, body_of, sandbox

ROOT = Path(__file__).resolve().parents[2]
WHEEL = "wheels/flowers-1.0-py3-none-any.whl"
FILES = {"artifacts/model/model.json": b"[1, 2]", "src/iris.py": b"import bento\n", "src/setup.sh": b"#!/bin/sh\n", WHEEL: b"wheel"}
ENV = {"apt": ["libgomp1"], "base_image": None, "conda": None, "python_version": None, "setup": "src/setup.sh"}
REQUIREMENTS = ["bento-core==0.1.0", "flowers==1.0"]

FUNCTION = '''\
"""What AWS Lambda calls: the bundle beside this file, verified and loaded once, answers each event."""

from pathlib import Path

from bento.serving.events import Function

handler = Function(Path(__file__).with_name("bundle"))
'''
END = """\
COPY lambda_function.py /
WORKDIR /
USER 10001:10001
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["lambda_function.handler"]
"""


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", FILES, requirements=REQUIREMENTS, env=ENV)


def test_an_image_is_made_as_one_that_serves_but_starts_as_a_function(bundle, tmp_path):
    ours = (LambdaPacker().pack(bundle, tmp_path / "function") / "Dockerfile").read_text()
    server = (DockerPacker().pack(bundle, tmp_path / "image") / "Dockerfile").read_text()
    first, rest = ours.removesuffix(END).split("\n", 1)
    assert first == "# iris:3: docker build --tag iris:3 . && docker push iris:3, to a registry that Lambda reads"
    assert ours.endswith(END)
    assert rest == server.split("\n", 1)[1].partition("WORKDIR")[0].replace(" \\\n    PORT=3000", "")


def test_the_function_and_its_requirements_are_in_the_folder(bundle, tmp_path):
    folder = LambdaPacker().pack(bundle, tmp_path / "function")
    assert (folder / "lambda_function.py").read_text() == FUNCTION
    assert (folder / "requirements.txt").read_text() == "awslambdaric==4.2.2\nbento-core==0.1.0\nmangum==0.22.0\n"
    assert (folder / "wheels.txt").read_text() == "flowers==1.0\n"
    assert (folder / ".dockerignore").read_text().endswith("\n!wheels.txt\n!lambda_function.py\n")


def test_the_requirements_of_a_function_have_the_tested_versions(bundle, tmp_path):
    folder = LambdaPacker().pack(bundle, tmp_path / "function")
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert {line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("bento")} <= set(pins)


def test_a_bundle_that_pins_a_requirement_of_the_function_gets_its_own_version(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", requirements=["bento-core==0.1.0", "Mangum==0.19.0"])
    folder = LambdaPacker().pack(bundle, tmp_path / "function")
    assert (folder / "requirements.txt").read_text() == "Mangum==0.19.0\nawslambdaric==4.2.2\nbento-core==0.1.0\n"


def test_a_base_path_is_written_into_the_function(bundle, tmp_path):
    folder = LambdaPacker(base_path="/v1").pack(bundle, tmp_path / "function")
    assert (folder / "lambda_function.py").read_text().endswith('Function(Path(__file__).with_name("bundle"), base_path="/v1")\n')


@pytest.mark.parametrize("value", ["v1", "/v1/", "/", '/v1")\nimport os', "/{}"])
def test_an_invalid_base_path_is_refused(value):
    with pytest.raises(PackerError) as caught:
        LambdaPacker(base_path=value)
    assert str(caught.value) == f"LambdaPacker(base_path={value!r}): expected a path like '/v1'"


def test_hadolint_has_no_complaints(bundle, tmp_path):
    context = LambdaPacker().pack(bundle, tmp_path / "function")
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", context / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_function_answers_in_an_environment_of_its_own(scale, environment, tmp_path):
    folder = LambdaPacker().pack(scale, tmp_path / "function")
    wheels = folder / "bundle" / "wheels"
    environment.install("--find-links", wheels, "-r", "requirements.txt", "-r", "wheels.txt", *wheels.glob("*.whl"), cwd=folder)
    with sandbox(folder, environment.bin / "python", environment.variables()) as function:
        for event in EVENTS.values():
            answer = function.invoke(event("/multiply", b"21", {"content-type": "application/json"}))
            assert (answer["statusCode"], body_of(answer)) == (200, b"42.0")
