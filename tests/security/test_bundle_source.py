"""Files that must never get into a bundle: those that links lead to, and all others outside the project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CANARY = "the-secret-of-another-folder"
SERVICE = """
import os, pathlib
import bento
from bento.artifacts import FileArtifact, JsonArtifact
from bento.bundle import write_bundle
{imports}

class Iris(bento.Service):
    env = bento.Env({env})
    model = {artifact}

if __name__ == "__main__":
    write_bundle(Iris(model={model}), pathlib.Path(os.environ["OUT"], "saved"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "outside/deep").mkdir(parents=True)
    for name in ("secret.py", "secret.txt", "__init__.py", "deep/secret.txt"):
        (tmp_path / "outside" / name).write_text(f"# {CANARY}\n")
    (tmp_path / "project/pack").mkdir(parents=True)
    (tmp_path / "project/pack/__init__.py").touch()
    (tmp_path / "out").mkdir()
    return tmp_path / "project"


def save(project: Path, imports: str = "", env: str = "", artifact: str = "JsonArtifact()", model: str = "[1]") -> str:
    """Save the service as a user does, and return what the program wrote."""
    (project / "iris.py").write_text(SERVICE.format(imports=imports, env=env, artifact=artifact, model=model))
    out = project.parent / "out"
    environ = {**os.environ, "OUT": str(out), "BENTO_DISABLE_PLUGINS": "*", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "iris.py"], cwd=project, env=environ, capture_output=True, text=True, check=False)
    for path in out.rglob("*"):
        assert not path.is_symlink()
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()
    return done.stderr


def outcome(project: Path) -> list[str]:
    return [path.name for path in (project.parent / "out").iterdir()]


@pytest.mark.parametrize(
    ("link", "target", "imports"),
    [
        ("secret.py", "../outside/secret.py", "import secret"),
        ("linked", "../outside", "import linked"),
        ("linked", "../outside", "import linked.secret"),
        ("pack/secret.py", "../../outside/secret.py", "import pack.secret"),
        ("pack/secret.py", "../../outside/secret.py", "from pack import secret"),
        ("pack/linked", "../../outside", "from pack.linked import secret"),
        ("secret.py", "pack/__init__.py", "import secret"),
    ],
)
def test_a_linked_module_is_refused_by_name(project: Path, link: str, target: str, imports: str) -> None:
    (project / link).symlink_to(target)
    said = save(project, imports)
    assert f"imports {project / link}, which is a link, and links are not followed: put the file itself there" in said
    assert outcome(project) == []


def test_a_linked_service_is_refused(project: Path) -> None:
    save(project)
    (project / "iris.py").rename(project.parent / "outside/iris.py")
    (project / "iris.py").symlink_to("../outside/iris.py")
    environ = {**os.environ, "OUT": str(project.parent / "out/linked")}
    done = subprocess.run([sys.executable, "iris.py"], cwd=project, env=environ, capture_output=True, text=True, check=False)
    assert "which is a link, and links are not followed: put the file itself there" in done.stderr


@pytest.mark.parametrize(
    ("link", "target"), [("pack/secret.txt", "../../outside/secret.txt"), ("pack/linked", "../../outside"), ("pack/etc", "/etc")]
)
def test_links_beside_a_packages_modules_are_left_out_with_a_warning(project: Path, link: str, target: str) -> None:
    (project / link).symlink_to(target)
    said = save(project, "import pack, logging\nlogging.basicConfig()")
    assert f"left out {project / link}: it is not a plain file, and links are not followed" in said
    assert outcome(project) == ["saved"]
    assert [path.name for path in (project.parent / "out/saved/src/pack").iterdir()] == ["__init__.py"]


@pytest.mark.parametrize("field", ["setup", "requirements_txt"])
def test_a_linked_file_of_env_is_refused_and_not_quoted(project: Path, field: str) -> None:
    (project / "linked").symlink_to("../outside")
    said = save(project, env=f"{field}='linked/secret.txt'")
    assert f"Env({field}='linked/secret.txt'): {project}/linked is a link, and links are not followed: put the file itself there" in said
    assert CANARY not in said
    assert outcome(project) == []


def test_a_linked_model_is_refused(project: Path) -> None:
    (project / "model").mkdir()
    (project / "model/weights").symlink_to("../../outside/secret.txt")
    said = save(project, artifact="FileArtifact()", model="pathlib.Path('model')")
    assert "ArtifactError" in said
    assert outcome(project) == []


def test_a_pipe_in_a_package_is_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "pack/pipe")
    assert "left out" in save(project, "import pack")
    assert outcome(project) == ["saved"]


def test_hidden_files_of_a_package_are_left_out(project: Path) -> None:
    (project / "pack/.env").write_text(CANARY)
    (project / "pack/.aws").mkdir()
    (project / "pack/.aws/credentials").write_text(CANARY)
    assert save(project, "import pack") == ""
    assert outcome(project) == ["saved"]
