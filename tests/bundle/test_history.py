"""A manifest names the Git commit of the service's code, but not where the repository came from."""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs git")
IMPORTING = "import tools\n"


def git(folder: Path, *arguments: str) -> str:
    settings = ("user.name=me", "user.email=me@example.org", "commit.gpgsign=false")
    command = ["git", *(word for setting in settings for word in ("-c", setting)), *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def commit(project: Any) -> str:
    """The commit of a repository with the project in it, and with a service that has a module of its own."""
    project.write({"iris.py": IMPORTING + textwrap.dedent(project.IRIS), "tools.py": "", "notes.txt": "", ".gitignore": "ignored.py\n"})
    git(project.root, "init", "--quiet")
    git(project.root, "remote", "add", "origin", "https://me:secret@git.example/private.git")
    git(project.root, "add", "--all")
    git(project.root, "commit", "--quiet", "--message", "iris")
    return git(project.root, "rev-parse", "HEAD")


def test_a_manifest_names_the_commit_of_the_code_but_not_where_it_came_from(project: Any, commit: str) -> None:
    bundle = project.save()
    assert bundle.manifest.code.plain() == {"commit": commit, "dirty": False, "path": "iris.py"}
    assert "git.example" not in (bundle.path / "bento.json").read_text()


def test_a_service_may_lie_deeper_in_a_repository(project: Any) -> None:
    git(project.root.parent, "init", "--quiet")
    project.write({"iris.py": project.IRIS})
    git(project.root.parent, "add", "project")
    git(project.root.parent, "commit", "--quiet", "--message", "iris")
    assert project.save().manifest.code.path == "project/iris.py"


@pytest.mark.parametrize(
    ("change", "dirty"),
    [
        (lambda root: (root / "tools.py").write_text("WORDS = 1\n"), True),
        (lambda root: git(root, "rm", "--quiet", "--cached", "tools.py"), True),
        (lambda root: (root / "notes.txt").write_text("nothing that goes along\n"), False),
        (lambda root: (root / "other.py").write_text("import nothing\n"), False),
    ],
)
def test_code_is_dirty_if_a_saved_file_differs_from_the_commit(project: Any, commit: str, change: Any, dirty: bool) -> None:
    change(project.root)
    assert project.save().manifest.code.dirty is dirty


def test_a_module_that_git_ignores_is_not_in_the_commit(project: Any, commit: str) -> None:
    project.write({"ignored.py": "", "tools.py": "import ignored\n"})
    git(project.root, "commit", "--quiet", "--all", "--message", "more")
    assert project.save().manifest.code.dirty is True


def test_a_clone_elsewhere_gives_the_same_manifest(project: Any, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")
    there = project.save(version="1")
    shutil.rmtree(project.root / "__pycache__", ignore_errors=True)
    git(tmp_path, "clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    shutil.rmtree(project.root)
    (tmp_path / "clone").rename(project.root)
    assert project.save(to="again", version="1").fingerprint == there.fingerprint


def test_without_a_commit_a_manifest_names_none(project: Any) -> None:
    assert project.save_iris({}).manifest.code is None
    git(project.root, "init", "--quiet")
    assert project.save(to="again").manifest.code is None


def test_without_git_a_manifest_names_no_commit(project: Any, commit: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert project.save().manifest.code is None


def test_programs_that_a_repository_configures_do_not_run(project: Any, commit: str, tmp_path: Path) -> None:
    for setting in ("core.fsmonitor", "diff.external"):
        git(project.root, "config", setting, f"touch {tmp_path / 'ran'}; true")
    assert project.save().manifest.code.commit == commit
    assert not (tmp_path / "ran").exists()
