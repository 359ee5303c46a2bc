from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bento.errors import PackerError
from bento.packers import SagemakerPacker
from bundles import API


def api(name: str) -> dict:
    return {**API, "name": name, "path": f"/{name}"}


def dockerfile(make_bundle, tmp_path, *apis: str, **options: str) -> str:
    bundle = make_bundle(tmp_path / "bundle", apis=[api(name) for name in apis])
    return (SagemakerPacker(**options).pack(bundle, tmp_path / "image") / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("apis", "options", "chosen"),
    [
        (["score"], {}, "score"),
        (["explain", "predict"], {}, "predict"),
        (["explain", "predict"], {"api": "explain"}, "explain"),
    ],
)
def test_invocations_are_answered_by_the_named_api_or_the_only_one_or_predict(make_bundle, tmp_path, apis, options, chosen):
    text = dockerfile(make_bundle, tmp_path, *apis, **options)
    assert command(text)[-1].endswith(f" --alias /ping=/readyz --alias /invocations=/{chosen}")


def command(text: str) -> list[str]:
    return json.loads(text.splitlines()[-1].removeprefix("ENTRYPOINT "))


@pytest.mark.parametrize(
    ("apis", "options", "asked", "known"),
    [
        ([], {}, "predict", "none"),
        (["score", "explain"], {}, "predict", "score, explain"),
        (["score"], {"api": "predict"}, "predict", "score"),
        (["score"], {"api": "score; id"}, "score; id", "score"),
    ],
)
def test_an_unknown_api_is_refused(make_bundle, tmp_path, apis, options, asked, known):
    with pytest.raises(PackerError) as caught:
        dockerfile(make_bundle, tmp_path, *apis, **options)
    assert str(caught.value) == f"iris:3 has no api {asked!r} to answer /invocations: its apis are {known}, name one as api=..."


def test_an_unsafe_api_name_that_bypassed_the_manifest_reader_is_refused(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", apis=[api("predict")])
    object.__setattr__(bundle.manifest.apis[0], "name", "predict; id")
    with pytest.raises(PackerError, match="has no api 'predict; id' to answer"):
        SagemakerPacker().pack(bundle, tmp_path / "image")


def test_an_image_listens_where_sagemaker_asks(make_bundle, tmp_path):
    text = dockerfile(make_bundle, tmp_path, "predict", gpu="nvidia")
    assert text.startswith("# iris:3: docker build --tag iris:3 . && docker run --gpus all --publish 8080:8080 iris:3\n")
    assert "    PORT=8080\n" in text
    assert "\nEXPOSE 8080\n" in text
    assert "\nLABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true\n" in text


def test_a_gpu_of_an_unknown_maker_is_refused():
    with pytest.raises(PackerError) as caught:
        SagemakerPacker(gpu="voodoo")
    assert str(caught.value) == "SagemakerPacker(gpu='voodoo'): expected 'nvidia'"


def test_hadolint_has_no_complaints(make_bundle, tmp_path):
    dockerfile(make_bundle, tmp_path, "predict")
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", tmp_path / "image/Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_that_sagemaker_starts_answers_ping_and_invocations(scale, environment, tmp_path, port, serving, asking):
    folder = SagemakerPacker().pack(scale, tmp_path / "image")
    wheels = folder / "bundle" / "wheels"
    environment.install("--find-links", wheels, "-r", "requirements.txt", "-r", "wheels.txt", *wheels.glob("*.whl"), cwd=folder)
    entry = [re.sub(r" /bundle(?= )", f" {folder}/bundle", word) for word in command((folder / "Dockerfile").read_text())]
    variables = environment.variables(PORT="8080", SAGEMAKER_BIND_TO_PORT=str(port))
    with serving([*entry, "serve"], port, variables, tmp_path):
        assert asking(port, "/ping") == (200, b"ready\n")
        assert asking(port, "/invocations", b"21") == (200, b"42.0")
        assert asking(port, "/multiply", b"21") == (200, b"42.0")


def test_a_container_installed_from_a_lock_answers_ping_and_invocations(locked_scale, from_wheelhouse, tmp_path, port, serving, asking):
    folder, fresh = SagemakerPacker().pack(locked_scale, tmp_path / "image"), tmp_path / "fresh"
    venv.create(fresh, symlinks=True)
    steps = re.findall(r"^RUN python -m pip install ((?:.*\\\n)*.*)$", (folder / "Dockerfile").read_text(), re.MULTILINE)
    for step in steps:
        places = step.replace("/opt/bento/", "").replace("/bundle/", "bundle/").replace("\\\n", "")
        pip = [sys.executable, "-m", "pip", "--python", fresh, "install", *places.split()]
        done = subprocess.run(pip, cwd=folder, env={**os.environ, **from_wheelhouse}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    entry = [re.sub(r" /bundle(?= )", f" {folder}/bundle", word) for word in command((folder / "Dockerfile").read_text())]
    variables = {"PATH": f"{fresh}/bin:{os.environ['PATH']}", "HOME": str(fresh), "SAGEMAKER_BIND_TO_PORT": str(port)}
    with serving([*entry, "serve"], port, variables, tmp_path):
        assert asking(port, "/ping") == (200, b"ready\n")
        assert asking(port, "/invocations", b"21") == (200, b"42.0")
