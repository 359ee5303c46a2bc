"""A conda environment is created in images; packers that cannot create it refuse it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bento.errors import PackerError
from bento.packers import DockerPacker, FolderPacker, HerokuPacker, LambdaPacker, OciPacker, SagemakerPacker, SystemdPacker, WheelPacker
from bundles import API

CONDA = {"channels": ["conda-forge"], "dependencies": ["gdal>=3.9", "python=3.11", "pip"]}
ENV = {"apt": ["curl"], "base_image": None, "conda": CONDA, "python_version": None, "setup": None}
FILES = {"artifacts/model/model.json": b"[1, 2]", "environment.yml": b"as it was saved", "src/iris.py": b"import bento\n"}
HEAD = """\
FROM mambaorg/micromamba:2.1.0
USER 0

ENV PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    PIP_ROOT_USER_ACTION=ignore \\
    PATH=/opt/conda/bin:$PATH \\
    PORT=3000

RUN useradd --create-home --uid 10001 bento

# hadolint ignore=DL3008
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends curl \\
 && rm -rf /var/lib/apt/lists/*

COPY environment.yml /opt/bento/
RUN micromamba install --yes --name base --file /opt/bento/environment.yml \\
 && micromamba clean --all --yes

# Another index than PyPI: docker build --build-arg PIP_INDEX_URL=https://...
"""


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", FILES, env=ENV, apis=[API])


def test_an_image_has_the_environment_before_pip_adds_to_it(bundle, tmp_path):
    context = DockerPacker().pack(bundle, tmp_path / "image")
    assert (context / "Dockerfile").read_text().split("\n", 1)[1].startswith(HEAD)
    assert yaml.safe_load((context / "environment.yml").read_text()) == CONDA
    assert "!environment.yml" in (context / ".dockerignore").read_text()
    assert (context / "bundle/environment.yml").read_bytes() == b"as it was saved"


@pytest.mark.parametrize("packer", [LambdaPacker, SagemakerPacker])
def test_the_entry_point_of_a_packer_activates_the_environment_as_the_image_does(bundle, tmp_path, packer):
    text = (packer().pack(bundle, tmp_path / "image") / "Dockerfile").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("ENTRYPOINT "))
    assert json.loads(line.removeprefix("ENTRYPOINT "))[0] == "/usr/local/bin/_entrypoint.sh"


def test_another_image_may_have_micromamba(bundle, tmp_path):
    context = DockerPacker(base_image="registry.example/conda:1").pack(bundle, tmp_path / "image")
    assert "\nFROM registry.example/conda:1\nUSER 0\n" in (context / "Dockerfile").read_text()


def test_hadolint_has_no_complaints(bundle, tmp_path):
    context = DockerPacker(gpu="nvidia").pack(bundle, tmp_path / "image")
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", context / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("packer", [HerokuPacker(), OciPacker(base="scratch"), SystemdPacker(), WheelPacker()])
def test_packers_that_install_with_pip_alone_refuse_a_conda_environment_and_name_those_that_do_not(bundle, tmp_path, packer):
    with pytest.raises(PackerError) as caught:
        packer.pack(bundle, tmp_path / "out")
    assert str(caught.value) == (
        "iris:3 has a conda environment, which would not be made there: pack it with docker, lambda or sagemaker, "
        "or as a folder or an archive for a machine that has the environment"
    )
    assert not (tmp_path / "out").exists()


def test_a_conda_environment_may_be_in_a_folder_or_in_an_image_whose_base_has_all_packages(bundle, tmp_path):
    FolderPacker().pack(bundle, tmp_path / "folder")
    OciPacker(base="scratch", packages="base").pack(bundle, tmp_path / "image")
