"""Installations: the files an installed distribution consists of, under the names they have in a wheel."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from os.path import normpath
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, NoReturn

from ...errors import RequirementError
from ..files.tree import package_files
from .environment import PROJECT_FILES

if TYPE_CHECKING:
    from .environment import Installed

# Files that an installer adds to those of the wheel, and signatures of its RECORD, which will be a different one.
_INSTALLERS: Final = frozenset(
    {"RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
_SCRIPT_GROUPS: Final = frozenset({"console_scripts", "gui_scripts"})


def files_of(installed: Installed) -> dict[str, Path]:
    """A distribution's files by their names in a wheel: from its RECORD, or, in editable mode, from the folder its `.pth` file names.

    What an installer generates is left out: compiled modules, its own notes, and the scripts of entry points. An installation whose files
    cannot be determined is a RequirementError that says how to install it instead.
    """
    recorded = dict(_recorded(installed))
    if installed.project is None:
        return recorded
    own = metadata_folder(installed).removesuffix("dist-info")
    kept = {name: file for name, file in recorded.items() if name.startswith((f"{own}dist-info/", f"{own}data/"))}
    return {**dict(_editable(installed)), **kept}


def metadata_folder(installed: Installed) -> str:
    """The name of a distribution's `.dist-info` folder."""
    for path in installed.files:
        if path.match("*.dist-info/METADATA") and path.parts[0] == path.parent.name:
            return path.parent.name
    return _refuse(installed, "there is no list of its files")


def _recorded(installed: Installed) -> Iterator[tuple[str, Path]]:
    metadata = metadata_folder(installed)
    for path in installed.files:
        if path.suffix == ".pyc" or (path.parts[0] == metadata and path.name in _INSTALLERS):
            continue
        file = Path(normpath(installed.site / path))
        name = file.relative_to(installed.site).as_posix() if file.is_relative_to(installed.site) else _data_name(installed, file)
        if name is None:
            continue
        if file.is_symlink() or not file.is_file() or not _stays(file, installed):
            _refuse(installed, f"{file} is missing, or a link")
        yield name, file


def _data_name(installed: Installed, file: Path) -> str | None:
    """The name in a wheel of a file outside `site`; None for the script of an entry point."""
    if file.name in {entry.name for entry in installed.distribution.entry_points if entry.group in _SCRIPT_GROUPS}:
        return None
    data = metadata_folder(installed).removesuffix(".dist-info") + ".data"
    scripts, base = (Path(sysconfig.get_path(name)) for name in ("scripts", "data"))
    if file.is_relative_to(scripts):
        return f"{data}/scripts/{file.relative_to(scripts).as_posix()}"
    if file.is_relative_to(base) and installed.site.is_relative_to(base):
        return f"{data}/data/{file.relative_to(base).as_posix()}"
    return _refuse(installed, f"{file} lies outside {base}")


def _stays(file: Path, installed: Installed) -> bool:
    """Whether a file is really inside the environment, and not reached through a link that leads out of it."""
    places = (installed.site, Path(sysconfig.get_path("scripts")), Path(sysconfig.get_path("data")))
    place = next(place for place in places if file.is_relative_to(place))
    return file.resolve().is_relative_to(place.resolve())


def _editable(installed: Installed) -> Iterator[tuple[str, Path]]:
    if not installed.roots:
        _refuse(installed, "its editable installation names no folder of modules")
    for folder in installed.roots:
        if any((folder / name).exists() for name in PROJECT_FILES):
            _refuse(installed, f"its editable installation names {folder}, where modules and the rest of the project are mixed")
        yield from _modules(installed, folder)


def _modules(installed: Installed, folder: Path) -> Iterator[tuple[str, Path]]:
    for file in package_files(folder):
        name = file.relative_to(folder)
        if name.parts[0].endswith(".egg-info"):
            continue
        if file.name.endswith(tuple(EXTENSION_SUFFIXES)):
            _refuse(installed, f"its editable installation has compiled modules, such as {file}")
        yield PurePath(name).as_posix(), file


def _refuse(installed: Installed, why: str) -> NoReturn:
    way_out = f"with pip install {installed.project}, without -e" if installed.project else "again with pip"
    raise RequirementError(f"{installed} is on no package index, and cannot be bundled as a wheel, because {why}: install it {way_out}")
