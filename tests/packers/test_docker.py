from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bento.errors import PackerError
from bento.packers import DockerPacker

WHEEL = "wheels/flowers-1.0-py3-none-any.whl"
ENV = {"apt": ["libgomp1", "curl=8.5.0-2"], "base_image": None, "conda": None, "python_version": None, "setup": "src/setup.sh"}
FILES = {
    "README.md": b"# iris\n",
    "artifacts/model/model.json": b"[1, 2]",
    "artifacts/words/model.json": b"{}",
    "requirements.txt": b"...",
    "src/iris.py": b"import bento\n",
    "src/setup.sh": b"#!/bin/sh\ntouch /ready\n",
    WHEEL: b"wheel",
}
REQUIREMENTS = ["bento-core==0.1.0", "Flowers[red]==1.0", "numpy==2.1.0"]

DOCKERFILE = """\
# iris:3: docker build --tag iris:3 . && docker run --publish 3000:3000 iris:3
FROM python:3.11.7-slim

ENV PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    PIP_ROOT_USER_ACTION=ignore \\
    PORT=3000

RUN useradd --create-home --uid 10001 bento

# hadolint ignore=DL3008
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends curl=8.5.0-2 libgomp1 \\
 && rm -rf /var/lib/apt/lists/*

COPY setup.sh /opt/bento/
RUN /opt/bento/setup.sh

# Another index than PyPI: docker build --build-arg PIP_INDEX_URL=https://...
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
COPY requirements.txt /opt/bento/
RUN python -m pip install --no-cache-dir --requirement /opt/bento/requirements.txt

COPY bundle/wheels /bundle/wheels/
COPY wheels.txt /opt/bento/
RUN python -m pip install --no-cache-dir --find-links /bundle/wheels \\
    --requirement /opt/bento/requirements.txt --requirement /opt/bento/wheels.txt /bundle/wheels/*.whl

COPY bundle/artifacts/model /bundle/artifacts/model/
COPY bundle/artifacts/words /bundle/artifacts/words/
COPY bundle/src /bundle/src/
COPY bundle/README.md bundle/bento.json bundle/requirements.txt /bundle/

WORKDIR /home/bento
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
"""


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", FILES, requirements=REQUIREMENTS, env=ENV)


@pytest.fixture
def context(bundle, tmp_path) -> Path:
    return DockerPacker().pack(bundle, tmp_path / "image")


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in files}


def test_steps_of_a_dockerfile_are_ordered_from_rare_to_frequent_changes(context):
    assert (context / "Dockerfile").read_text().startswith(DOCKERFILE)


def test_a_bundle_without_requirements_gets_no_steps_to_install_them(make_bundle, tmp_path):
    context = DockerPacker().pack(make_bundle(tmp_path / "bundle"), tmp_path / "image")
    text = (context / "Dockerfile").read_text()
    assert not [word for word in ("apt-get", "setup.sh", "wheels", "NVIDIA") if word in text]
    assert sorted(path.name for path in context.iterdir()) == [".dockerignore", "Dockerfile", "bundle", "requirements.txt"]


def test_the_whole_bundle_goes_along_and_nothing_else_does(bundle, context):
    written = {path: content for path, (content, _) in contents(context).items()}
    copied = {path: (bundle.path / path).read_bytes() for path in (*FILES, "bento.json")}
    assert {path: written.pop(f"bundle/{path}") for path in copied} == copied
    assert sorted(written) == [".dockerignore", "Dockerfile", "requirements.txt", "setup.sh", "wheels.txt"]


def test_a_requirement_that_a_wheel_meets_is_not_asked_of_an_index(context):
    assert (context / "requirements.txt").read_text() == "bento-core==0.1.0\nnumpy==2.1.0\n"
    assert (context / "wheels.txt").read_text() == "Flowers[red]==1.0\n"


def test_only_files_that_are_copied_are_sent_to_the_builder(context):
    lines = (context / ".dockerignore").read_text().splitlines()
    assert lines[1:] == ["*", "!bundle", "!requirements.txt", "!setup.sh", "!wheels.txt"]


def test_everything_is_readable_by_the_user_of_the_image_under_any_umask(bundle, tmp_path):
    before = os.umask(0o077)
    try:
        context = DockerPacker().pack(bundle, tmp_path / "image")
    finally:
        os.umask(before)
    modes = {str(path.relative_to(context)): stat.S_IMODE(path.stat().st_mode) for path in context.rglob("*")}
    folders = {"bundle", "bundle/artifacts", "bundle/artifacts/model", "bundle/artifacts/words", "bundle/src", "bundle/wheels"}
    assert {path for path, mode in modes.items() if mode == 0o755} == {*folders, "setup.sh"}
    assert {mode for path, mode in modes.items() if path not in folders and path != "setup.sh"} == {0o644}


def test_packing_twice_gives_the_same_bytes(bundle, context, tmp_path):
    assert contents(DockerPacker().pack(bundle, tmp_path / "again")) == contents(context)


def test_the_server_gets_its_port_and_is_the_process_that_receives_signals(context):
    command = json.loads((context / "Dockerfile").read_text().splitlines()[-1].removeprefix("CMD "))
    assert command == ["sh", "-c", 'exec bento serve /bundle --trust --host 0.0.0.0 --port "$PORT"']


def test_the_health_check_needs_nothing_but_python(context):
    found = re.search(r"^HEALTHCHECK .*\\\n    CMD (\[.*\])$", (context / "Dockerfile").read_text(), re.MULTILINE)
    python, flag, code = json.loads(found[1])
    assert (python, flag) == ("python", "-c")
    compile(code, "health", "exec")


@pytest.mark.parametrize(
    ("env", "option", "image"),
    [
        ({}, None, "python:3.11.7-slim"),
        ({"python_version": "3.12"}, None, "python:3.12-slim"),
        ({"python_version": "3.12.4"}, None, "python:3.12.4-slim"),
        ({"base_image": "debian:12"}, None, "debian:12"),
        ({"base_image": "debian:12"}, "registry.example:5000/team/python@sha256:" + "0" * 64, None),
    ],
)
def test_the_base_image_is_that_of_the_option_or_of_env_or_of_the_python_that_saved(make_bundle, tmp_path, env, option, image):
    bundle = make_bundle(tmp_path / "bundle", env={**ENV, "setup": None, **env})
    context = DockerPacker(base_image=option).pack(bundle, tmp_path / "image")
    assert f"\nFROM {image or option}\n" in (context / "Dockerfile").read_text()


def test_an_invalid_base_image_is_refused():
    with pytest.raises(PackerError) as caught:
        DockerPacker(base_image="python:3.11\nRUN id")
    assert str(caught.value) == r"DockerPacker(base_image='python:3.11\nRUN id'): expected an image like 'python:3.12-slim'"


def test_an_image_for_gpus_sets_the_variables_of_the_container_toolkit(bundle, context, tmp_path):
    plain = (context / "Dockerfile").read_text()
    asked = (DockerPacker(gpu="nvidia").pack(bundle, tmp_path / "gpu") / "Dockerfile").read_text()
    added = "    NVIDIA_VISIBLE_DEVICES=all \\\n    NVIDIA_DRIVER_CAPABILITIES=compute,utility \\\n"
    assert asked == plain.replace("    PORT=3000", f"{added}    PORT=3000").replace("docker run ", "docker run --gpus all ")


def test_a_gpu_of_an_unknown_maker_is_refused():
    with pytest.raises(PackerError) as caught:
        DockerPacker(gpu="voodoo")
    assert str(caught.value) == "DockerPacker(gpu='voodoo'): expected 'nvidia'"


def test_hadolint_has_no_complaints(bundle, make_bundle, tmp_path):
    plain, everything = make_bundle(tmp_path / "plain"), DockerPacker(gpu="nvidia").pack(bundle, tmp_path / "gpu")
    for context in (everything, DockerPacker().pack(plain, tmp_path / "image")):
        hadolint = Path(sys.executable).with_name("hadolint")
        done = subprocess.run([hadolint, "--no-color", context / "Dockerfile"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


def test_a_wheel_with_an_invalid_file_name_is_refused(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", {"wheels/flowers.whl": b""})
    with pytest.raises(PackerError) as caught:
        DockerPacker().pack(bundle, tmp_path / "image")
    assert str(caught.value) == "'flowers.whl' is not the name of a wheel: expected one like 'flowers-1.0-py3-none-any.whl'"


def test_a_failure_leaves_nothing(bundle, tmp_path):
    (bundle.path / "src/iris.py").unlink()
    with pytest.raises(PackerError, match=r"src/iris\.py"):
        DockerPacker().pack(bundle, tmp_path / "image")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_an_out_that_exists_is_left_alone(bundle, tmp_path):
    (tmp_path / "image").mkdir()
    with pytest.raises(PackerError, match="exists: choose another name"):
        DockerPacker().pack(bundle, tmp_path / "image")
    assert list((tmp_path / "image").iterdir()) == []
