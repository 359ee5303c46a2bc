"""Save and pack the same project twice, in surroundings that differ in all that must not matter, and compare every byte.

``python tests/support/reproduce.py PROJECT.py...`` copies each script and runs it, which saves one bundle.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import bento.registry

_BENTO = Path(sys.executable).with_name("bento")
_EPOCH = "1764000000"
_OPTIONS = {
    "oci": ("-o", "base=scratch", "-o", "packages=base"),
    **dict.fromkeys(("kserve", "knative", "kubernetes"), ("-o", "image=registry.example/iris:1")),
}
"""What a packer needs to be told."""


@dataclass(frozen=True)
class Surroundings:
    """Where, when and as whom something is saved and packed; `age` is how old the project's files are, in seconds since 1970."""

    folder: str
    user: str
    umask: int
    age: int
    environ: Mapping[str, str]


ONE = Surroundings("a", "ada", 0o022, 1_000_000_000, {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"})
OTHER = Surroundings(
    "somewhere else/überall", "grace", 0o077, 1_700_000_000, {"PYTHONHASHSEED": "4242", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"}
)


def differences(project: Path, script: str, root: Path) -> list[str]:
    """What of a bundle, and of what it is packed as, is not the same in both surroundings; `root` is an empty folder."""
    one, other = (made(project, script, root, surroundings) for surroundings in (ONE, OTHER))
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def made(project: Path, script: str, root: Path, surroundings: Surroundings) -> dict[str, str]:
    """Save the bundle of a project's script, pack it in every way, and fingerprint all of it."""
    home = root / surroundings.folder
    work, out = Path(shutil.copytree(project, home / "project")), home / "out"
    out.mkdir()
    for path in work.rglob("*"):
        os.utime(path, (surroundings.age, surroundings.age))
    _run(surroundings, home, sys.executable, script, cwd=work)
    (bundle,) = (home / "store/bundles").glob("*/*/")
    for packer in sorted(bento.registry.installed().packers):
        _run(surroundings, home, _BENTO, "pack", bundle, packer, out / packer, *_OPTIONS.get(packer, ()), cwd=work)
    return {**_fingerprints(bundle.parent, "bundle"), **_fingerprints(out, "packed")}


def _run(surroundings: Surroundings, home: Path, *command: str | Path, cwd: Path) -> None:
    environ = {
        **os.environ,
        **surroundings.environ,
        "BENTO_HOME": str(home / "store"),
        "HOME": str(home),
        "LOGNAME": surroundings.user,
        "USER": surroundings.user,
        "SOURCE_DATE_EPOCH": _EPOCH,
    }
    done = subprocess.run(command, cwd=cwd, env=environ, umask=surroundings.umask, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _fingerprints(folder: Path, name: str) -> dict[str, str]:
    """The mode and the digest of everything in a folder, but no mode of a file that lies there alone: the umask decides who reads it."""
    paths = {path: path.stat().st_mode for path in folder.rglob("*")}
    return {
        f"{name}/{path.relative_to(folder)}": _digest(path) + ("" if path.parent == folder and path.is_file() else f" {mode:o}")
        for path, mode in paths.items()
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"


def _failures(scripts: list[Path]) -> Iterator[str]:
    for script in scripts:
        with tempfile.TemporaryDirectory() as place:
            project = Path(place, "given")
            project.mkdir()
            shutil.copy(script, project)
            different = differences(project, script.name, Path(place))
        print(f"{script}: {len(different) or 'nothing'} differs")  # noqa: T201 - a program
        yield from (f"  {path}" for path in different)


if __name__ == "__main__":
    sys.exit("\n".join(_failures([Path(argument) for argument in sys.argv[1:]])) or 0)
