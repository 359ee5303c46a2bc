"""Whatever a bundle is packed as, exactly what its lock names is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bento.bundle import Bundle, open_bundle
from bento.errors import PackerError
from bento.packers import DockerPacker, HerokuPacker, LambdaPacker, SystemdPacker, WheelPacker

WHEEL = "wheels/flowers-1.0-py3-none-any.whl"
OURS = hashlib.sha256(b"wheel").hexdigest()
NUMPY, MSGPACK, CORE = "1" * 64, "2" * 64, "3" * 64
LOCK = f"""\
--find-links wheels
bento-core==0.1.0 \\
    --hash=sha256:{CORE}
flowers==1.0 \\
    --hash=sha256:{OURS}
msgpack==1.1.0 \\
    --hash=sha256:{MSGPACK}
numpy==2.1.0 \\
    --hash=sha256:{NUMPY} \\
    --hash=sha256:{MSGPACK}
"""
FILES = {"artifacts/model/model.json": b"[1, 2]", "requirements.lock": LOCK.encode(), "src/iris.py": b"import bento\n", WHEEL: b"wheel"}
FROM_AN_INDEX = LOCK.replace("--find-links wheels\n", "").replace(f"flowers==1.0 \\\n    --hash=sha256:{OURS}\n", "")
STEPS = """\
COPY requirements.txt /opt/bento/
RUN python -m pip install --no-cache-dir --no-deps --require-hashes --requirement /opt/bento/requirements.txt

COPY bundle/wheels /bundle/wheels/
COPY wheels.txt /opt/bento/
RUN python -m pip install --no-cache-dir --no-deps --require-hashes \\
    --no-index --find-links /bundle/wheels --requirement /opt/bento/wheels.txt

"""
START = """\
COPY start.txt /opt/bento/
RUN python -m pip install --no-cache-dir --requirement /opt/bento/start.txt

"""


@pytest.fixture
def locked(make_bundle, tmp_path):
    """A bundle with this text as its lock."""

    def locked(text: str = LOCK, requirements: tuple[str, ...] = ("bento-core==0.1.0", "Flowers[red]==1.0", "numpy==2.1.0")) -> Bundle:
        return make_bundle(tmp_path / "bundle", {**FILES, "requirements.lock": text.encode()}, requirements=list(requirements))

    return locked


def test_an_image_installs_what_the_lock_names_and_checks_every_hash(locked, tmp_path):
    context = DockerPacker().pack(locked(), tmp_path / "image")
    assert STEPS + "COPY bundle/artifacts" in (context / "Dockerfile").read_text()
    assert (context / "requirements.txt").read_text() == FROM_AN_INDEX
    assert (context / "wheels.txt").read_text() == f"flowers==1.0 \\\n    --hash=sha256:{OURS}\n"


def test_requirements_of_a_function_that_a_lock_does_not_name_are_installed_beside_it(locked, tmp_path):
    context = LambdaPacker().pack(locked(), tmp_path / "function")
    assert STEPS + START + "COPY bundle/artifacts" in (context / "Dockerfile").read_text()
    assert (context / "start.txt").read_text() == "awslambdaric==4.2.2\nmangum==0.22.0\n"
    assert (context / ".dockerignore").read_text().endswith("\n!wheels.txt\n!lambda_function.py\n!start.txt\n")


def test_a_lock_that_names_the_requirements_of_a_function_is_enough(locked, tmp_path):
    more = LOCK + "".join(f"{name} \\\n    --hash=sha256:{CORE}\n" for name in ("awslambdaric==4.2.2", "mangum==0.21.0"))
    context = LambdaPacker().pack(locked(more), tmp_path / "function")
    assert not (context / "start.txt").exists()
    assert "start.txt" not in (context / "Dockerfile").read_text()


@pytest.mark.parametrize("packer", [HerokuPacker, SystemdPacker])
def test_the_requirements_of_a_packed_folder_have_every_hash(locked, tmp_path, packer):
    folder = packer().pack(locked(), tmp_path / "out")
    assert (folder / "requirements.txt").read_text() == f"{FROM_AN_INDEX}./bundle/{WHEEL} \\\n    --hash=sha256:{OURS}\n"


def test_the_lock_beside_a_wheel_names_the_wheel_as_well(locked, tmp_path):
    folder = WheelPacker().pack(locked(), tmp_path / "dist")
    own = hashlib.sha256((folder / "iris-3-py3-none-any.whl").read_bytes()).hexdigest()
    assert (folder / "requirements.lock").read_text() == LOCK.replace("links wheels", "links .").replace(
        "msgpack", f"iris==3 \\\n    --hash=sha256:{own}\nmsgpack"
    )


def test_hadolint_has_no_complaints(locked, tmp_path):
    context = LambdaPacker().pack(locked(), tmp_path / "function")
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", context / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.1.0",
        "numpy>=2 --hash=sha256:" + NUMPY,
        "numpy==2.1.0 --hash=md5:" + "1" * 32,
        "--extra-index-url https://example.org/simple",
        "numpy @ https://example.org/numpy.whl --hash=sha256:" + NUMPY,
        "-r other.txt",
        "numpy==2.1.0${HOME} --hash=sha256:" + NUMPY,
        "numpy==2.1.0 --hash=sha256:" + NUMPY,
    ],
)
def test_a_lock_that_holds_anything_else_is_refused(locked, tmp_path, line):
    with pytest.raises(PackerError) as caught:
        DockerPacker().pack(locked(LOCK + line + "\n"), tmp_path / "image")
    assert str(caught.value) == (
        f"cannot pack iris:3: 'requirements.lock' is not a lock: expected a requirement with its hashes, and each once, got {line[:80]!r}"
    )
    assert not (tmp_path / "image").exists()


@pytest.mark.parametrize("name", ["flowers", "numpy"])
def test_a_lock_that_lacks_what_the_bundle_requires_is_refused(locked, tmp_path, name):
    kept = "".join(f"{entry}\n" for entry in LOCK.rstrip().replace("\n    ", "\0").split("\n") if not entry.startswith(name))
    with pytest.raises(PackerError) as caught:
        DockerPacker().pack(locked(kept.replace("\0", "\n    ")), tmp_path / "image")
    assert str(caught.value) == f"cannot pack iris:3: 'requirements.lock' lacks {name!r}, which the bundle requires: save it again"


def test_a_lock_that_has_changed_is_refused(locked, tmp_path):
    bundle = locked()
    (bundle.path / "requirements.lock").write_text(LOCK.replace(NUMPY, CORE))
    with pytest.raises(PackerError, match=r"requirements\.lock' has changed since it was verified$"):
        DockerPacker().pack(bundle, tmp_path / "image")


@pytest.fixture
def app(locked_scale, from_wheelhouse, tmp_path, monkeypatch) -> Path:
    """The bundle `scale:1` with a lock, packed as a folder that pip installs from."""
    for name, value in from_wheelhouse.items():
        monkeypatch.setenv(name, value)
    return HerokuPacker().pack(locked_scale, tmp_path / "app")


def pip(app: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--quiet", "--require-hashes", "--requirement", "requirements.txt"]
    return subprocess.run(command, cwd=app, env=dict(os.environ), capture_output=True, text=True, check=False)


def test_pip_installs_a_lock_with_hashes_and_what_it_installed_answers(app, tmp_path):
    venv.create(tmp_path / "fresh", symlinks=True)
    done = pip(app, "--python", tmp_path / "fresh", "install")
    assert done.returncode == 0, done.stderr
    command = [tmp_path / "fresh/bin/bento", "run", app / "bundle", "multiply", "--trust", "--input", "21"]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout == "42.0\n"
    assert open_bundle(app / "bundle").tag.name == "scale"


def test_pip_refuses_another_file_of_the_same_name_and_version(app, wheelhouse, tmp_path, monkeypatch):
    forged = tmp_path / "forged"
    shutil.copytree(wheelhouse, forged)
    (wheel,) = forged.glob("packaging-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(forged))
    done = pip(app, "download", "--no-deps", "--dest", tmp_path / "down")
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
