from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from bento.errors import PackerError
from bento.packers import WheelPacker

WHEEL = "wheels/flowers-1.0-py3-none-any.whl"
FILES = {"README.md": b"# iris\n", "artifacts/model/model.json": b"[1, 2]", "src/iris.py": b"import bento\n", WHEEL: b"wheel"}
REQUIREMENTS = ["bento-core==0.1.0", "Flowers[red]==1.0", "numpy==2.1.0"]
METADATA = """\
Metadata-Version: 2.1
Name: iris
Version: 3
Summary: Tell a species.
Requires-Python: >=3.11
Requires-Dist: Flowers[red]==1.0
Requires-Dist: bento-core==0.1.0
Requires-Dist: numpy==2.1.0
Description-Content-Type: text/markdown

# iris
"""


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", FILES, requirements=REQUIREMENTS, doc="Tell a species.\n\nOf an iris.")


def version_of(folder: Path) -> str:
    (wheel,) = folder.glob("*.whl")
    return wheel.name.split("-")[1]


def test_a_folder_holds_the_wheel_and_the_wheels_that_it_requires(bundle, tmp_path):
    folder = WheelPacker().pack(bundle, tmp_path / "dist")
    assert sorted(path.name for path in folder.iterdir()) == ["flowers-1.0-py3-none-any.whl", "iris-3-py3-none-any.whl"]


def test_the_metadata_of_a_wheel_name_the_bundle_and_its_requirements(bundle, tmp_path):
    with zipfile.ZipFile(WheelPacker().pack(bundle, tmp_path / "dist") / "iris-3-py3-none-any.whl") as wheel:
        assert wheel.read("iris-3.dist-info/METADATA").decode() == METADATA
        assert wheel.read("iris-3.dist-info/entry_points.txt") == b"[console_scripts]\niris = bundle_iris:main\n"


def test_a_service_for_one_python_requires_it_in_the_metadata_of_its_wheel(make_bundle, tmp_path):
    env = {"apt": [], "base_image": None, "conda": None, "python_version": "3.12.4", "setup": None}
    folder = WheelPacker().pack(make_bundle(tmp_path / "bundle", env=env), tmp_path / "dist")
    with zipfile.ZipFile(folder / "iris-3-py3-none-any.whl") as wheel:
        assert b"\nRequires-Python: ==3.12.*\n" in wheel.read("iris-3.dist-info/METADATA")


@pytest.mark.parametrize(
    ("version", "option", "expected"),
    [
        ("1.0-rc1", None, "1.0rc1"),
        ("20261122T101500-3f9a1c", None, "2026.11.22.101500"),
        ("20261122T101500-3f9a1c", "1.2.0", "1.2.0"),
    ],
)
def test_the_version_is_that_of_the_option_or_of_the_bundle_or_its_time(make_bundle, tmp_path, version, option, expected):
    folder = WheelPacker(version=option).pack(make_bundle(tmp_path / "bundle", version=version), tmp_path / "dist")
    assert version_of(folder) == expected


def test_an_invalid_version_is_refused():
    with pytest.raises(PackerError) as caught:
        WheelPacker(version="newest")
    assert str(caught.value) == "WheelPacker(version='newest'): expected a version as PEP 440 defines it, like '1.2.0'"


@pytest.mark.parametrize("name", ["numpy", "bento", "bento_core", "python3"])
def test_a_bundle_named_like_one_of_its_requirements_is_refused(make_bundle, tmp_path, name):
    with pytest.raises(PackerError) as caught:
        WheelPacker().pack(make_bundle(tmp_path / "bundle", name=name), tmp_path / "dist")
    assert str(caught.value) == (
        f"cannot make a wheel of {name}:3: {name!r} is the name of something that it needs: save it under another name"
    )


@pytest.fixture
def scale_env(scale, environment, tmp_path):
    """An environment with the wheel of `scale:1`, installed by name as from an index, and with a separate store."""
    dist = WheelPacker().pack(scale, tmp_path / "dist")
    environment.install("--find-links", dist, "scale", cwd=tmp_path)
    return environment


def run(environment, *command: str, code: int = 0) -> str:
    variables = environment.variables(BENTO_HOME=str(environment.folder / "home"))
    done = subprocess.run([environment.bin / command[0], *command[1:]], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if code else "")


def test_an_installed_bundle_has_a_command_that_asks_it(scale_env):
    assert run(scale_env, "scale", "run", "multiply", "--input", "21") == "42.0\n"
    assert run(scale_env, "python", "-m", "bundle_scale", "run", "multiply", "--input", "4") == "8.0\n"
    assert run(scale_env, "bento", "list").splitlines()[1].startswith("scale:1 ")
    assert run(scale_env, "python", "-c", "import bundle_scale; print(bundle_scale.load().multiply(3))") == "6.0\n"


def test_an_installed_bundle_has_a_command_that_serves_it(scale_env, port, serving, asking, tmp_path):
    variables = scale_env.variables(BENTO_HOME=str(tmp_path / "home"))
    with serving([scale_env.bin / "scale", "serve", "--port", str(port)], port, variables, tmp_path):
        assert asking(port, "/multiply", b"21") == (200, b"42.0")


def test_the_command_has_a_help_and_a_version(scale_env):
    assert run(scale_env, "scale", "--version") == "scale:1\n"
    assert json.loads(run(scale_env, "scale", "show", "--json"))["name"] == "scale"
    text = run(scale_env, "scale", "--help")
    assert "Multiply by a number." in text
    assert [line.split()[0] for line in text.partition("Commands:\n")[2].splitlines()] == ["openapi", "run", "serve", "show"]
    served = run(scale_env, "scale", "serve", "--help")
    assert served.startswith("Usage: scale serve [OPTIONS]\n")
    assert served.endswith("Examples:\n  scale serve --port 8080 --workers 4\n")
    assert "--trust" not in served


def test_the_command_does_not_serve_another_bundle_of_the_same_tag_in_the_store(scale_env, make_bundle):
    make_bundle(scale_env.folder / "home/bundles/scale/1", name="scale", version="1")
    home = scale_env.folder / "home"
    assert run(scale_env, "scale", "run", "multiply", "--input", "1", code=1) == (
        f"Error: another bundle scale:1 exists in the store at {home}: delete that one first\n"
    )


def test_an_unknown_command_is_refused_with_where_commands_are_listed(scale_env):
    assert run(scale_env, "scale", "delete", code=2).endswith("Error: no command named 'delete': 'scale --help' lists them\n")
