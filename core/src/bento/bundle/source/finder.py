"""Finding modules as Python itself would, without importing any."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from ..installed.environment import Environment, Installed

_SUFFIXES: Final = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES)

Kind = Literal["local", "stdlib", "installed", "elsewhere", "missing"]


@dataclass(frozen=True, slots=True)
class Found:
    """Where `import` takes a name from: the project's root, the standard library, a distribution, some other folder, or nowhere."""

    kind: Kind
    place: Path | None = None
    owner: Installed | None = None


def _find_in(folder: Path, name: str) -> Path | None:
    """What `import name` takes from one folder: a module's file, a package's `__init__` file, or a folder without one."""
    here = folder / name
    for suffix in _SUFFIXES:
        if (here / f"__init__{suffix}").is_file():
            return here / f"__init__{suffix}"
    for suffix in _SUFFIXES:
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    return here if here.is_dir() else None


def find_chain(folder: Path, module: str) -> list[Path]:
    """The files that importing `a.b.c` uses from `folder`, for `a`, `a.b` and `a.b.c` in turn, as far as they are there."""
    chain: list[Path] = []
    for name in module.split("."):
        found = _find_in(folder, name)
        if found is None:
            break
        chain.append(found)
        if found.is_file() and not is_package(found):
            break
        folder = folder / name
    return chain


def is_package(file: Path) -> bool:
    """Whether a module's file makes its folder a package."""
    return file.name.partition(".")[0] == "__init__"


def source_of(file: Path) -> Path | None:
    """The file with a module's source: the file itself, or, for a compiled module, the `.py` file beside it, if it is there."""
    if not file.name.endswith(tuple(EXTENSION_SUFFIXES)):
        return file
    source = file.with_name(f"{file.name.partition('.')[0]}.py")
    return source if source.is_file() else None


def find(module: str, root: Path, environment: Environment) -> Found:
    """Where this process would import `module` from; its top-level name decides, as it does for Python."""
    top = module.partition(".")[0]
    places = (_places(top) or find_chain(root, top)) if top else []
    if not places:
        return Found("stdlib" if top in sys.stdlib_module_names else "missing")
    if _is_standard(places[0]):
        return Found("stdlib")
    chains = [find_chain(_folder(place), module) for place in places]
    file = next(iter(max(chains, key=len)[-1:]), places[0])
    owner = environment.owner(file)
    if owner is not None and not owner.is_worked_on():
        return Found("installed", file, owner)
    if any(_folder(place).resolve() == root.resolve() for place in places):
        return Found("local", file)
    return Found("installed", file, owner) if owner is not None else Found("elsewhere", file)


def _places(top: str) -> list[Path]:
    """The file of a top-level module, the `__init__` file of a package, or the folders of a package without one."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, AttributeError, ValueError):  # ValueError: a module without a spec, such as a script
        return []
    if spec is None:
        return []
    if spec.origin in ("built-in", "frozen"):
        return [Path(sysconfig.get_path("stdlib"))]
    if spec.has_location and spec.origin is not None:
        return [Path(spec.origin)]
    return [Path(place) for place in spec.submodule_search_locations or ()]


def _folder(place: Path) -> Path:
    """The folder on the path that a top-level module lies in."""
    return place.parent.parent if is_package(place) else place.parent


def _is_standard(place: Path) -> bool:
    folders = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")]
    inside = any(place.parent.resolve().is_relative_to(folder) or place == folder for folder in folders)
    return inside and "site-packages" not in place.parts
