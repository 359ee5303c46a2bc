"""The requirements of a bundle, installed with pip into a folder for an image. The result is the same bytes each time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PackerError
from .checked import wheels_of
from .contents import WHEELS, contents, copy_file
from .folder_requirements import for_folder

if TYPE_CHECKING:
    from ..bundle.model import Bundle
    from ..env import Env

# Wheels only, because installing from source would run the code of the distributions on this machine.
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile", "--only-binary", ":all:")


def install(bundle: Bundle, env: Env, folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Install into the empty `folder`, and return two dicts of files by their paths in it: those from an index, and those from the bundle's
    wheels.

    pip uses the index that it is configured for. If it fails, the PackerError contains its last line.
    """
    wheels = wheels_of(bundle)
    _run_pip(bundle, for_folder(bundle, env.python), str(env.python_version), folder)
    shutil.rmtree(folder / "bin", ignore_errors=True)  # the scripts contain the path of this machine's Python
    for metadata in folder.glob("*.dist-info"):
        _settle(metadata)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    local = {name for wheel in wheels for name in _installed_by(wheel, folder)}
    return ({path: file for path, file in files.items() if path not in local}, {path: files[path] for path in files if path in local})


def _run_pip(bundle: Bundle, requirements: str, python: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        Path(place, "requirements.txt").write_text(requirements, encoding="utf-8")
        digests = contents(bundle)
        for wheel in wheels_of(bundle):
            copy_file(bundle.path / WHEELS / wheel, Path(place, "bundle", WHEELS, wheel), digests[f"{WHEELS}/{wheel}"])
        version = [] if python.split(".")[:2] == [str(part) for part in sys.version_info[:2]] else ["--python-version", python]
        command = [sys.executable, *_PIP, *version, "--target", str(folder), "--requirement", "requirements.txt"]
        # pip first unpacks in the folder for temporary files, which on many machines is in memory.
        environ = {**os.environ, "TMPDIR": place}
        done = subprocess.run(  # noqa: S603 - no shell reads it
            command, cwd=place, env=environ, capture_output=True, text=True, check=False
        )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise PackerError(f"cannot install what {bundle.tag} requires: {reason}")


def _settle(metadata: Path) -> None:
    """Remove from the metadata what depends on the folder of the installation, and the records of files that are removed."""
    (metadata / "direct_url.json").unlink(missing_ok=True)
    record = metadata / "RECORD"
    gone = ("../", "bin/", f"{metadata.name}/direct_url.json")
    kept = sorted(line for line in record.read_text("utf-8").splitlines(keepends=True) if not line.startswith(gone))
    record.write_text("".join(kept), "utf-8")


def _installed_by(wheel: str, folder: Path) -> list[str]:
    """The paths in the RECORD of an installed wheel."""
    stem = "-".join(wheel.split("-")[:2])
    lines = (folder / f"{stem}.dist-info" / "RECORD").read_text("utf-8").splitlines()
    return [line.rsplit(",", 2)[0].strip('"') for line in lines]
