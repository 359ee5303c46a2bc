"""Save and pack the same project twice, in surroundings that differ in everything that must not matter, and compare every byte.

``python tests/support/reproduce.py PROJECT.py...`` copies each script and runs it, which saves one bundle.

The other surroundings have another clock: a module that every process imports first shifts Python's clock. Without the rights to set the
machine's own clock, nothing more can be shifted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import bento.registry

_BENTO = Path(sys.executable).with_name("bento")
_EPOCH = "1764000000"
_OPTIONS = {
    "oci": ("-o", "base=scratch", "-o", "packages=base"),
    **dict.fromkeys(("kserve", "knative", "kubernetes"), ("-o", "image=registry.example/iris:1")),
}
"""Options that packers need."""


@dataclass(frozen=True)
class Surroundings:
    """Where, when and as whom something is saved and packed.

    `age` is the time of the project's files, in seconds since 1970. `clock` is by how many seconds the clock is wrong. `uid` is the user of
    the processes, if this process may start processes of other users.
    """

    folder: str
    user: str
    umask: int
    age: int
    environ: Mapping[str, str]
    clock: int = 0
    uid: int | None = None


ONE = Surroundings("a", "ada", 0o022, 1_000_000_000, {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"})
OTHER = Surroundings(
    "somewhere else/überall",
    "grace",
    0o077,
    1_700_000_000,
    {"PYTHONHASHSEED": "4242", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"},
    clock=400 * 86_400 + 4_242,
    uid=54_321,
)
SHIFT = """
import datetime, sys, time, types

now, now_ns, local, gm, text = time.time, time.time_ns, time.localtime, time.gmtime, time.strftime
time.time = lambda: now() + {clock}
time.time_ns = lambda: now_ns() + {clock} * 10**9
time.localtime = lambda seconds=None: local(time.time() if seconds is None else seconds)
time.gmtime = lambda seconds=None: gm(time.time() if seconds is None else seconds)
time.strftime = lambda format, when=None: text(format, time.localtime() if when is None else when)


class Alike(type):
    def __instancecheck__(cls, value):
        return isinstance(value, cls.__bases__[0])


class Shifted(datetime.datetime, metaclass=Alike):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.UTC).replace(tzinfo=None)


class ShiftedDate(datetime.date, metaclass=Alike):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(time.time())


class Module(types.ModuleType):
    def __getattribute__(self, name):
        compiled = sys._getframe(1).f_code.co_filename.startswith("<frozen importlib")
        return super().__getattribute__(name) if compiled or name not in shifted else shifted[name]


shifted = {{"datetime": Shifted, "date": ShiftedDate}}
datetime.__class__ = Module
"""
"""A `sitecustomize` that shifts the clock of a process.

Compiled modules get Python's own types, because they know the memory layout of these. Their imports have only the import system's frame.
"""


def differences(project: Path, script: str, root: Path, packers: Sequence[str] = ()) -> list[str]:
    """The differences between both surroundings in a bundle and in the packers' output; `root` is an empty folder.

    Without `packers`, the bundle is packed by every packer there is.
    """
    one, other = (made(project, script, root, surroundings, packers) for surroundings in (ONE, OTHER))
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def made(project: Path, script: str, root: Path, surroundings: Surroundings, packers: Sequence[str]) -> dict[str, str]:
    """Save the bundle of a project's script, pack it, and fingerprint all of it."""
    home = root / surroundings.folder
    work, out = Path(shutil.copytree(project, home / "project")), home / "out"
    out.mkdir()
    (home / "clock").mkdir()
    (home / "clock/sitecustomize.py").write_text(SHIFT.format(clock=surroundings.clock))
    for path in work.rglob("*"):
        os.utime(path, (surroundings.age, surroundings.age))
    for path in (home, *home.rglob("*")) if _as_user(surroundings) else ():
        os.chown(path, surroundings.uid, surroundings.uid)
    _run(surroundings, home, sys.executable, script, cwd=work)
    (bundle,) = (home / "store/bundles").glob("*/*/")
    for packer in sorted(packers or bento.registry.installed().packers):
        _run(surroundings, home, _BENTO, "pack", bundle, packer, out / packer, *_OPTIONS.get(packer, ()), cwd=work)
    return {**_fingerprints(bundle.parent, "bundle"), **_fingerprints(out, "packed")}


def _run(surroundings: Surroundings, home: Path, *command: str | Path, cwd: Path) -> None:
    environ = {
        **os.environ,
        **surroundings.environ,
        "BENTO_HOME": str(home / "store"),
        "HOME": str(home),
        "LOGNAME": surroundings.user,
        "PYTHONPATH": str(home / "clock"),
        "USER": surroundings.user,
        "SOURCE_DATE_EPOCH": _EPOCH,
    }
    command = (*_as_user(surroundings), *command)
    done = subprocess.run(command, cwd=cwd, env=environ, umask=surroundings.umask, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _as_user(surroundings: Surroundings) -> tuple[str, ...]:
    """The command that starts a process as another user, who may read what this user may; empty if this process has no right to do so."""
    setpriv = shutil.which("setpriv")
    if surroundings.uid is None or setpriv is None or os.geteuid() != 0:
        return ()
    uid, right = surroundings.uid, "+dac_read_search"
    prefix = (setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", f"--inh-caps={right}", f"--ambient-caps={right}")
    return prefix if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0 else ()


def _fingerprints(folder: Path, name: str) -> dict[str, str]:
    """The mode and the digest of everything in a folder, but not the mode of a single file: the umask decides who may read that."""
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
