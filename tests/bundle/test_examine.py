"""What a bundle would lack here is found from its manifest and from what is installed, before any of its code runs."""

from __future__ import annotations

import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import bento
from bento.bundle.examining import machine
from bento.bundle.examining.examine import examine
from bento.bundle.examining.finding import Finding

HERE_TOO = sysconfig.get_platform()
HERE = ".".join(map(str, sys.version_info[:3]))
CLICK = version("click")
FILES = {"src/iris.py": b"import bento\n"}


@pytest.fixture
def findings(make_bundle, tmp_path):
    """The findings of a bundle with these fields, of one kind."""

    def findings(kind, files=FILES, **fields):
        bundle = make_bundle(tmp_path / "bundle", files, **{"requirements": [], "python": HERE, "platform": HERE_TOO, **fields})
        return [finding for finding in examine(bundle) if finding.kind == kind]

    return findings


def env(**fields):
    return {"env": {"apt": [], "base_image": None, "conda": None, "python_version": None, "setup": None, **fields}}


def artifact(**fields):
    entry = {"slot": "model", "format": "json", "options": {}, "distribution": "bento-core", "version": bento.__version__, **fields}
    return {"artifacts": [{**entry, "runs_code": False, "type": "dict", "metadata": {}}]}


def test_a_package_of_another_version_and_a_missing_package_are_found(findings):
    pins = [f"click=={CLICK}", "no-such-package==1.0", "numpy==0.1", "never==1; python_version < '3'"]
    assert findings("package", requirements=pins) == [
        Finding("package", "click", CLICK, CLICK, "ok"),
        Finding("package", "no-such-package", "1.0", "none", "missing"),
        Finding("package", "numpy", "0.1", np.__version__, "differs"),
    ]


def test_the_requirements_of_a_required_package_are_examined_too(findings, site):
    site.install("garden", {"garden.py": ""}, requires="flowers>=2")
    assert findings("package", requirements=["garden==1.0"])[1:] == [
        Finding("package", "flowers", ">=2, for garden 1.0", "none", "missing")
    ]


def test_the_versions_in_a_lock_are_compared_too(findings):
    hashes = f" \\\n    --hash=sha256:{'0' * 64}\n"
    lock = "".join(f"{pin}{hashes}" for pin in ("absent==1.0", f"click=={CLICK}", "numpy==0.1", "uvicorn==0.1"))
    files = {**FILES, "requirements.lock": lock.encode()}
    assert findings("package", files, requirements=[f"numpy=={np.__version__}"]) == [
        Finding("package", "numpy", np.__version__, np.__version__, "ok"),
        Finding("package", "uvicorn", "0.1, from the lock", version("uvicorn"), "differs"),
    ]


def test_a_malformed_lock_is_reported(findings):
    (finding,) = findings("lock", {**FILES, "requirements.lock": b"numpy"})
    assert (finding.result, finding.advice) == ("unknown", "expected a requirement with its hashes, and each once, got 'numpy'")


@pytest.mark.parametrize(
    ("saved", "chosen", "result", "advice"),
    [
        (HERE, None, "ok", ""),
        ("3.99.0", None, "differs", ""),
        (HERE, "3.99", "missing", "run it with Python 3.99"),
        ("3.99.0", HERE.rpartition(".")[0], "ok", ""),
    ],
)
def test_another_version_of_python_is_found(findings, saved, chosen, result, advice):
    (finding,) = findings("python", python=saved, **env(python_version=chosen))
    assert finding == Finding("python", "", chosen or saved, HERE, result, advice)


def test_a_wheel_for_another_platform_is_found(findings):
    pure, foreign = "wheels/a-1-py3-none-any.whl", "wheels/b-1-cp311-cp311-win_amd64.whl"
    here = sysconfig.get_platform()
    assert findings("platform", {**FILES, pure: b"", foreign: b""}) == [
        Finding(
            "platform", "b-1-cp311-cp311-win_amd64.whl", "cp311-cp311-win_amd64", here, "missing", "save it again on a machine like this"
        ),
        Finding("platform", "", HERE_TOO, here, "ok"),
    ]


def test_another_platform_is_found(findings):
    (finding,) = findings("platform", platform="macosx-14.0-arm64")
    assert finding == Finding("platform", "", "macosx-14.0-arm64", HERE_TOO, "differs")


def test_compiled_source_is_for_one_platform(findings):
    here = sysconfig.get_platform()
    compiled = {"src/a.cp311-win_amd64.so": b"", f"src/b{sysconfig.get_config_var('EXT_SUFFIX')}": b""}
    assert [finding.result for finding in findings("platform", {**FILES, **compiled})] == ["unknown", "ok", "ok"]
    assert findings("platform", {**FILES, **compiled})[-1] == Finding("platform", "", here, here, "ok")


def test_a_missing_plugin_and_one_of_another_version_are_found(findings):
    assert findings("artifact", files={**FILES, "artifacts/model/m.json": b""}, **artifact()) == [
        Finding("artifact", "json", f"bento-core {bento.__version__}", f"bento-core {bento.__version__}", "ok")
    ]
    assert findings("artifact", files={**FILES, "artifacts/model/m.json": b""}, **artifact(version="99"))[0].result == "differs"
    assert findings("artifact", files={**FILES, "artifacts/model/m.json": b""}, **artifact(format="nothing", distribution="bento-x")) == [
        Finding("artifact", "nothing", f"bento-x {bento.__version__}", "none", "missing")
    ]


@pytest.fixture
def relinked(site):
    """A distribution whose compiled module is linked with a library of this name instead of the C library's own one."""

    def relinked(library: bytes) -> None:
        source = Path(np.linalg._umath_linalg.__file__)
        site.install("garden", {"garden.so": ""})
        (site.folder / "garden.so").write_bytes(source.read_bytes().replace(b"\0libm.so.6\0", b"\0" + library + b"\0"))

    return relinked


@pytest.mark.parametrize(
    ("name", "result", "advice"),
    [
        ("libq.so.6", "missing", "install the system's package that has it"),
        ("libnv.so.", "differs", "it is for a GPU, and needed only if one is used"),
    ],
)
def test_a_missing_library_of_a_compiled_module_is_found(findings, relinked, name, result, advice):
    relinked(name.encode())
    assert Finding("library", name, "for garden 1.0", "none", result, advice) in findings("library", requirements=["garden==1.0"])


def test_compiled_modules_that_find_their_libraries_are_counted(findings):
    (finding,) = findings("libraries", requirements=[f"numpy=={np.__version__}"])
    assert (finding.here, finding.result) == ("all", "ok")
    assert findings("libraries", requirements=[]) == [Finding("libraries", "", "for 0 compiled files", "all", "ok")]


def test_without_a_linker_to_ask_the_libraries_are_unknown(findings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = findings("libraries", requirements=[f"numpy=={np.__version__}"])
    assert (finding.result, finding.advice) == ("unknown", "only the ldd of the GNU C library can tell, and it is not here")
    assert findings("apt", **env(apt=["curl=1"])) == [Finding("apt", "curl", "1", "no Debian", "unknown")]


@pytest.fixture
def debian(tmp_path, monkeypatch):
    """A Debian that has libgomp1 12.2 and nothing else."""
    query = tmp_path / "bin/dpkg-query"
    query.parent.mkdir()
    query.write_text('#!/bin/sh\n[ "$4" = libgomp1 ] && echo "installed 12.2" || exit 1\n')
    query.chmod(0o755)
    monkeypatch.setenv("PATH", str(query.parent))


def test_debian_packages_are_looked_up(findings, debian):
    assert findings("apt", **env(apt=["libgomp1", "libgomp1=12.2", "libgomp1=9", "nothing=1"])) == [
        Finding("apt", "libgomp1", "any", "12.2", "ok"),
        Finding("apt", "libgomp1", "12.2", "12.2", "ok"),
        Finding("apt", "libgomp1", "9", "12.2", "differs"),
        Finding("apt", "nothing", "1", "none", "missing", "apt-get install nothing=1"),
    ]


@pytest.fixture
def no_gpu(monkeypatch, tmp_path):
    """A machine without a GPU: the folder in which its drivers would list one."""
    monkeypatch.setattr(machine, "_CARDS", tmp_path / "cards")
    monkeypatch.setattr(machine, "_DEVICES", {str(tmp_path / "kfd"): "AMD"})
    return tmp_path


def test_a_missing_gpu_is_found_if_a_model_is_declared_on_one(findings, no_gpu):
    files = {**FILES, "artifacts/model/m.json": b""}
    assert findings("gpu", files, **artifact(options={"device": "cuda:1"})) == [
        Finding("gpu", "", "model model on cuda:1", "none", "missing", "save it with device='auto', or run it where there is one")
    ]
    assert findings("gpu", files, **artifact(options={"device": "cpu"})) == [Finding("gpu", "", "not said", "none", "ok")]
    (no_gpu / "kfd").write_text("")
    assert findings("gpu", files, **artifact(options={"device": "cuda"})) == [Finding("gpu", "", "model model on cuda", "AMD", "ok")]


def test_a_missing_gpu_is_found_if_an_input_is_declared_on_one(findings, no_gpu):
    adapter = {"adapter": "tensor", "options": {"device": "cuda"}, "media_types": [], "schema": {}, "distribution": None, "version": None}
    api = {"name": "predict", "path": "/predict", "doc": "", "batch": None, "timeout": 60.0, "input": adapter, "output": None}
    (finding,) = findings("gpu", apis=[api])
    assert (finding.wanted, finding.result) == ("api predict on cuda", "missing")


def test_a_base_image_or_conda_environment_for_gpus_is_found(findings, no_gpu):
    conda = {"channels": ["nvidia"], "dependencies": ["pytorch-cuda=12.4", "numpy"]}
    (finding,) = findings("gpu", {**FILES, "environment.yml": b""}, **env(conda=conda, base_image="nvidia/cuda:12.4.1-runtime-ubuntu22.04"))
    assert (finding.wanted, finding.result) == ("pytorch-cuda=12.4, nvidia/cuda:12.4.1-runtime-ubuntu22.04", "differs")


def test_packages_for_gpus_without_a_gpu_are_found(findings, no_gpu):
    assert findings("gpu") == [Finding("gpu", "", "not said", "none", "ok")]
    pins = ["onnxruntime-gpu==1.0", "torch==2.0+cu124", "numpy==2.0"]
    assert findings("gpu", requirements=pins) == [Finding("gpu", "", "onnxruntime-gpu==1.0, torch==2.0+cu124", "none", "differs")]
    (no_gpu / "cards/0").mkdir(parents=True)
    (no_gpu / "cards/0/information").write_text("Model: \t\t NVIDIA H100 80GB HBM3\nIRQ: 1\n")
    assert findings("gpu", requirements=pins)[0].here == "NVIDIA H100 80GB HBM3"
