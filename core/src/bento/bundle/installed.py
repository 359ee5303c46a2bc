"""What is installed here: which distribution a file belongs to, and whether a package index could bring it again."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from ..registry import GROUP

if TYPE_CHECKING:
    from importlib_metadata import Distribution

_SITES: Final = frozenset({"site-packages", "dist-packages"})


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
        """The files that its installer recorded, relative to `site`; none where it recorded none."""
        rows = csv.reader(self._record.splitlines())
        return tuple(PurePosixPath(row[0]) for row in rows if row)

    def owns(self, file: Path) -> bool:
        """Whether it brought a file or folder here, or, in editable mode, whether that lies in its project."""
        if file.is_relative_to(self.site):
            path = file.relative_to(self.site).as_posix()
            end = "/" if file.is_dir() else ","
            return f"\n{path}{end}" in self._record or (self._record == "\n" and self._claims(path))
        inside = self.project is not None and file.resolve().is_relative_to(self.project.resolve())
        return inside and not _SITES.intersection(file.parts)

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
        # Conda records where its packages were built, and brings them again from its index all the same.
        if (self.distribution.read_text("INSTALLER") or "").strip() == "conda":
            return {}
        found = json.loads(self.distribution.read_text("direct_url.json") or "{}")
        return found if isinstance(found, dict) else {}

    @cached_property
    def _record(self) -> str:
        return "\n" + (self.distribution.read_text("RECORD") or "")

    def _claims(self, path: str) -> bool:
        """Whether a module is its own by name, where the system's package manager left no list of files."""
        top = path.partition("/")[0].partition(".")[0]
        return top in (self.distribution.read_text("top_level.txt") or self.name).split()


class Environment:
    """Every distribution installed here, by normalised name."""

    def __init__(self, distributions: Mapping[str, Installed]) -> None:
        self.distributions = distributions

    @classmethod
    def read(cls) -> Environment:
        """The environment of this process, as its path says now."""
        from packaging.utils import canonicalize_name

        found: dict[str, Installed] = {}
        for distribution in _found():
            name = canonicalize_name(distribution.name)
            found.setdefault(name, Installed(distribution, name))
        return cls(MappingProxyType(found))

    def owner(self, file: Path) -> Installed | None:
        """The distribution that a file belongs to; of nested projects, the innermost one."""
        owners = [installed for installed in self.distributions.values() if installed.owns(file)]
        return max(owners, key=lambda owner: len((owner.project or owner.site).parts), default=None)


def _found() -> Iterator[Distribution]:
    """Distributions in the order of the path, but those that an installer recorded before what a build left in a project's folder."""
    from importlib_metadata import Distribution

    found = [distribution for distribution in Distribution.discover() if distribution.metadata["Name"]]
    legacy = [distribution for distribution in found if distribution.read_text("METADATA") is None]
    yield from (distribution for distribution in found if distribution not in legacy)
    yield from (distribution for distribution in legacy if _SITES.intersection(Path(str(distribution.locate_file(""))).parts))
