"""What is installed here: which distribution a file belongs to, and whether a package index has that distribution."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from ...registry import GROUP
from ...registry.metadata import read_field

if TYPE_CHECKING:
    from importlib_metadata import Distribution

_SITES: Final = frozenset({"site-packages", "dist-packages"})

PROJECT_FILES: Final = ("pyproject.toml", "setup.py", "setup.cfg")
"""Files that mark the folder of a whole project, where modules lie beside everything else."""


class Installed:
    """One installed distribution."""

    def __init__(self, distribution: Distribution, name: str) -> None:
        self.distribution = distribution
        self.name = name
        """Normalised, as packaging does it."""

    @cached_property
    def version(self) -> str:
        return self.distribution.version

    @cached_property
    def site(self) -> Path:
        """The folder on the path that it is installed in."""
        return Path(str(self.distribution.locate_file(""))).absolute()

    @cached_property
    def is_local(self) -> bool:
        """Whether it came from a folder, a file or a repository, so that no index has it under its name and version."""
        return bool(self._origin)

    @cached_property
    def project(self) -> Path | None:
        """The project's folder, when it is installed in editable mode."""
        editable = self._origin.get("dir_info", {}).get("editable", False)
        return Path(unquote(urlsplit(self._origin["url"]).path)) if editable else None

    @cached_property
    def is_plugin(self) -> bool:
        return any(entry_point.group == GROUP for entry_point in self.distribution.entry_points)

    @cached_property
    def files(self) -> tuple[PurePosixPath, ...]:
        """The files that its installer recorded, relative to `site`; empty if it recorded none."""
        rows = csv.reader(self._record.splitlines())
        return tuple(PurePosixPath(row[0]) for row in rows if row)

    @cached_property
    def roots(self) -> tuple[Path, ...]:
        """The folders that an editable installation puts on the path; none if it finds its modules by other means."""
        pointers = [self.site / path for path in self.files if path.suffix == ".pth"] if self.project else []
        lines = [line.strip() for pointer in pointers if pointer.is_file() for line in pointer.read_text("utf-8").splitlines()]
        return tuple(Path(line) for line in lines if line.startswith("/") and Path(line).is_dir())

    def owns(self, file: Path) -> bool:
        """Whether it installed a file or folder, or, in editable mode, has it among its modules."""
        if file.is_relative_to(self.site):
            path = file.relative_to(self.site).as_posix()
            end = "/" if file.is_dir() else ","
            return f"\n{path}{end}" in self._record or (self._record == "\n" and _top(path) in self._top_level)
        if self.project is None:
            return False
        real = file.resolve()
        return any(self._has_module(root.resolve(), real) for root in self.roots) or self._has_somewhere(self.project.resolve(), real)

    def is_worked_on(self) -> bool:
        """Whether it is a project installed in editable mode that this process runs in: its modules are source, not a requirement."""
        if self.project is None or self.is_plugin:
            return False
        here = Path.cwd()
        return here.is_relative_to(self.project) or self.project.is_relative_to(here)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @cached_property
    def _origin(self) -> Mapping[str, Any]:
        # Conda records where its packages were built, although its index has them.
        if (self.distribution.read_text("INSTALLER") or "").strip() == "conda":
            return {}
        found = json.loads(self.distribution.read_text("direct_url.json") or "{}")
        return found if isinstance(found, dict) else {}

    @cached_property
    def _record(self) -> str:
        return "\n" + (self.distribution.read_text("RECORD") or "")

    @cached_property
    def _top_level(self) -> list[str]:
        """The names of its top-level modules: those that the installer recorded, or else the distribution's name."""
        return (self.distribution.read_text("top_level.txt") or self.name.replace("-", "_")).split()

    def _has_module(self, root: Path, file: Path) -> bool:
        """Whether a file below a root belongs to one of its modules, and is not a script or a test beside them."""
        if not file.is_relative_to(root):
            return False
        top = _top(file.relative_to(root).as_posix())
        mixed = any((root / name).exists() for name in PROJECT_FILES)
        return top in self._top_level or not mixed or (root / top / "__init__.py").is_file()

    def _has_somewhere(self, project: Path, file: Path) -> bool:
        """The same for an editable installation that finds its modules by other means, wherever they lie in the project."""
        if self.roots or not file.is_relative_to(project):
            return False
        return any(_top(part) in self._top_level for part in file.relative_to(project).parts)


def _top(path: str) -> str:
    return path.partition("/")[0].partition(".")[0]


class Environment:
    """Every distribution installed here, by normalised name."""

    def __init__(self, distributions: Mapping[str, Installed]) -> None:
        self.distributions = distributions

    @classmethod
    def read(cls) -> Environment:
        """The environment of this process, from `sys.path` as it is now."""
        from packaging.utils import canonicalize_name

        found: dict[str, Installed] = {}
        for distribution, metadata in _found():
            name = canonicalize_name(read_field(metadata, "Name"))
            found.setdefault(name, Installed(distribution, name))
        return cls(MappingProxyType(found))

    def owner(self, file: Path) -> Installed | None:
        """The distribution that a file belongs to; of nested projects, the innermost one."""
        owners = [installed for installed in self.distributions.values() if installed.owns(file)]
        return max(owners, key=lambda owner: len((owner.project or owner.site).parts), default=None)


def _found() -> Iterator[tuple[Distribution, str]]:
    """Distributions, each with its metadata, in the order of the path.

    Those with only a PKG-INFO come last, and only from folders of installed packages: elsewhere, a build has left it in a project's folder.
    """
    from importlib_metadata import Distribution

    others = []
    for distribution in Distribution.discover():
        if metadata := distribution.read_text("METADATA"):
            yield distribution, metadata
        else:
            others.append(distribution)
    for distribution in others:
        metadata = distribution.read_text("PKG-INFO")
        if metadata and _SITES.intersection(Path(str(distribution.locate_file(""))).parts):
            yield distribution, metadata
