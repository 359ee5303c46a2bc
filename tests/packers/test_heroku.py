from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bento.bundle import open_bundle, verify
from bento.errors import PackerError
from bento.packers import HerokuPacker

WHEEL = "wheels/flowers-1.0-py3-none-any.whl"
FILES = {"artifacts/model/model.json": b"[1, 2]", "src/iris.py": b"import bento\r\n", "src/setup.sh": b"#!/bin/sh\n", WHEEL: b"wheel"}
ENV = {"apt": ["libgomp1", "curl=8.5.0-2"], "base_image": None, "conda": None, "python_version": None, "setup": None}
REQUIREMENTS = ["bento-core==0.1.0", "Flowers[red]==1.0", "numpy==2.1.0"]


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", FILES, requirements=REQUIREMENTS, env=ENV, doc='Tell a "species".\n\nOf an iris.')


@pytest.fixture
def app(bundle, tmp_path) -> Path:
    return HerokuPacker().pack(bundle, tmp_path / "app")


def test_an_app_says_how_it_is_built_and_served(app):
    texts = {path.name: path.read_text() for path in app.iterdir() if path.is_file()}
    assert json.loads(texts.pop("app.json")) == {
        "name": "iris",
        "description": 'Tell a "species".',
        "buildpacks": [{"url": "heroku-community/apt"}, {"url": "heroku/python"}],
        "formation": {"web": {"quantity": 1}},
    }
    assert texts == {
        "Aptfile": "curl=8.5.0-2\nlibgomp1\n",
        "Procfile": (
            'web: exec bento serve ./bundle --trust --host 0.0.0.0 --port "$PORT" --workers "${WEB_CONCURRENCY:-1}" '
            "--grace 25 --keep-alive 120\n"
        ),
        ".gitattributes": "* -text\n",
        ".gitignore": "!*\n",
        ".python-version": "3.11.7\n",
        "requirements.txt": f"bento-core==0.1.0\nnumpy==2.1.0\n./bundle/{WHEEL}[red]\n",
    }


def test_a_service_that_needs_no_package_has_no_file_of_packages(make_bundle, tmp_path):
    app = HerokuPacker().pack(make_bundle(tmp_path / "bundle"), tmp_path / "app")
    assert not (app / "Aptfile").exists()
    assert json.loads((app / "app.json").read_text())["description"] == "iris:3"


def test_an_app_with_a_setup_script_is_refused(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", FILES, env={**ENV, "setup": "src/setup.sh"})
    with pytest.raises(PackerError) as caught:
        HerokuPacker().pack(bundle, tmp_path / "app")
    assert str(caught.value) == "iris:3 has a script that an image runs as root, 'src/setup.sh': pack it as an image, or save it without"


def clone(app: Path, folder: Path) -> Path:
    """The app as it arrives after a push by a user whose Git changes line ends and ignores wheels."""
    ignored = folder.with_name("ignored")
    ignored.write_text("*.whl\nwheels/\n")
    settings = ("core.autocrlf=true", f"core.excludesFile={ignored}", "user.name=me", "user.email=me@example.org")
    git = ["git", *(word for setting in settings for word in ("-c", setting))]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "iris"]):
        subprocess.run([*git, *command], cwd=app, check=True, capture_output=True)
    subprocess.run([*git, "clone", "--quiet", app, folder], check=True, capture_output=True)
    return folder


def test_a_bundle_is_whole_after_git_has_carried_it(app, tmp_path):
    verify(open_bundle(clone(app, tmp_path / "clone") / "bundle"))


def test_an_app_that_was_pushed_answers_on_its_port(scale, environment, tmp_path, port, serving, asking):
    app = clone(HerokuPacker().pack(scale, tmp_path / "app"), tmp_path / "clone")
    environment.install("--requirement", "requirements.txt", cwd=app)
    honcho = [Path(sys.executable).with_name("honcho"), "start", "web"]
    variables = environment.variables(PORT=str(port), WEB_CONCURRENCY="1")
    with serving(honcho, port, variables, app, status=143):  # honcho ends with the status of a shell that was stopped
        assert asking(port, "/multiply", b"21") == (200, b"42.0")
