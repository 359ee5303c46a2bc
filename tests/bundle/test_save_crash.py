from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bento.bundle import open_bundle, verify
from bento.errors import StoreError

# Kills a save at each instant in turn: the nth time that it touches anything below the folder it saves to.
KILLED = """
    import os, pathlib, signal, sys
    from bento.bundle import open_bundle, verify, write_bundle
    from iris import Iris

    out = pathlib.Path(os.environ["OUT"])

    def save(instant):
        seen = 0

        def watch(event, arguments):
            nonlocal seen
            if any(isinstance(argument, str | os.PathLike) and str(argument).startswith(str(out)) for argument in arguments):
                seen += 1
                if seen == instant:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        write_bundle(Iris(model=list(range(1000))), out / "saved")
        (out.parent / "instants").write_text(str(seen))

    def in_child(instant):
        child = os.fork()
        if child == 0:
            save(instant)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def state():
        names = os.listdir(out)
        for name in names:
            if not name.startswith(".saving-saved-"):
                verify(open_bundle(out / name))
            os.rename(out / name, out.parent / f"{name}-{len(os.listdir(out.parent))}")
        return ["whole" if name == "saved" else "draft" for name in names]

    print(in_child(0), *state())
    instants = int((out.parent / "instants").read_text())
    for instant in sorted({*range(1, instants + 1, max(1, instants // 20)), instants}):
        print(in_child(instant), *state())
"""

FULL = """
    import os, pathlib, resource
    from bento.bundle import write_bundle
    from bento.errors import StoreError
    from iris import Iris

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        write_bundle(Iris(model=["x" * 100_000]), pathlib.Path(os.environ["OUT"], "saved"))
    except StoreError as error:
        print(error)
"""


def test_a_save_that_is_killed_at_any_instant_leaves_a_whole_bundle_or_a_draft(project: Any) -> None:
    project.write({"iris.py": project.IRIS, "killed.py": KILLED})
    done = project.run("killed.py")
    finished, *killed = done.stdout.splitlines()
    assert finished == "0 whole", done.stderr
    assert len(killed) > 15
    assert {line.split()[0] for line in killed} == {"-9"}
    assert {" ".join(line.split()[1:]) for line in killed} <= {"", "draft", "whole"}
    assert "-9 draft" in killed


def test_a_full_disk_leaves_nothing_and_says_so(project: Any) -> None:
    project.write({"iris.py": project.IRIS, "full.py": FULL})
    done = project.run("full.py")
    assert done.stdout == f"no space left for {project.out}/saved: File too large: free some, or choose another place\n", done.stderr
    assert project.leftovers() == []


@pytest.mark.parametrize("size", ["100k", "4k"])
def test_a_full_file_system_leaves_nothing_and_says_so(project: Any, size: str) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", project.out], capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a file system that is too small")
    try:
        with pytest.raises(StoreError) as caught:
            project.save_iris({})
        assert project.leftovers() == []
    finally:
        subprocess.run(["umount", project.out], check=True)
    assert str(caught.value) == f"no space left for {project.out}/saved: No space left on device: free some, or choose another place"


def test_a_folder_that_cannot_be_written_is_named(project: Any) -> None:
    (project.out / "file").touch()
    with pytest.raises(StoreError) as caught:
        project.save_iris({}, to="file/saved")
    assert str(caught.value) == f"cannot write {project.out}/file/saved: [Errno 17] File exists: '{project.out}/file'"


def test_the_first_of_two_saves_to_one_folder_stays(project: Any) -> None:
    project.write({"iris.py": project.IRIS})
    raced: list[int] = []

    def race(done: int) -> None:
        if not raced:
            raced.append(done)
            project.save(version="first")

    with pytest.raises(StoreError, match=r"saved is there already: choose another name or version, or delete it first$"):
        project.save(version="second", progress=race)
    verify(open_bundle(project.out / "saved"))
    assert open_bundle(project.out / "saved").version == "first"
    assert project.leftovers() == ["saved"]


def test_an_interrupted_save_leaves_nothing(project: Any) -> None:
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.save_iris({}, progress=interrupt)
    assert project.leftovers() == []


def test_a_source_file_that_cannot_be_read_is_named(project: Any) -> None:
    if os.getuid() == 0:
        pytest.skip("root can read every file")
    project.write({"iris.py": project.IRIS, "pack/__init__.py": "", "pack/secret": "x"})
    Path(project.root / "pack/secret").chmod(0)
    with pytest.raises(StoreError, match=r"Permission denied"):
        project.save()


def test_a_draft_that_cannot_be_removed_is_named(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    mounted: list[Path] = []

    def mount(done: int) -> None:
        draft = next(project.out.iterdir())
        if not subprocess.run(["mount", "-t", "tmpfs", "none", draft / "src"], capture_output=True, check=False).returncode:
            mounted.append(draft / "src")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.save_iris({}, progress=mount)
    if not mounted:
        pytest.skip("only root can make a folder that cannot be removed")
    subprocess.run(["umount", mounted[0]], check=True)
    assert caplog.messages == [f"cannot remove {mounted[0].parent}, a leftover of a bundle that could not be written"]
    assert [name.startswith(".saving-saved-") for name in project.leftovers()] == [True]
