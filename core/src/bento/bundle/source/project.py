"""Source: the files of a project that a service's module needs, and the distributions it imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ...errors import DefinitionError, RequirementError
from ..files.tree import package_files
from ..manifest.checks import FieldError
from ..manifest.fields import file_path
from ..manifest.paths import SOURCE, check_distinct
from .finder import Found, find, find_chain, is_package, source_of
from .imports import Import, read_hints, read_imports

if TYPE_CHECKING:
    from ..installed.environment import Environment
    from .home import Home


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a bundle.

    `files` are the files to copy, by their paths in the bundle; `imports` are the imported distributions, each with the place of an import.
    """

    files: Mapping[str, Path]
    imports: Mapping[str, str]


def collect(home: Home, environment: Environment, named: Mapping[str, str]) -> Source:
    """Follow the imports of a service's module through the project, those in functions too, and the modules `named` by a model.

    `named` has the slot that names each of these modules. They may be missing, because a pickle takes the name of a module from the class.
    Modules are taken only from below the project's root, and packages whole, with their other files. An import that finds nothing, a link,
    or a module from elsewhere that belongs to no distribution is a RequirementError with its file and line.
    """
    collector = _Collector(home, environment)
    if home.owner is None:
        collector.start()
    else:
        collector.imports[home.owner.name] = home.module
    collector.follow(named)
    _check_paths(collector.files)
    return Source(collector.files, collector.imports)


def project_file(home: Home, field: str, path: str | Path) -> Path:
    """A file that `Env` names, relative to the service's module; neither it nor a folder on the way may be a link."""
    file = home.file.parent / path
    link = _link(file, home.root)
    if link is not None:
        raise DefinitionError(f"Env({field}={str(path)!r}): {link} is a link, and links are not followed: put the file itself there")
    if not file.is_file():
        raise DefinitionError(f"Env({field}={str(path)!r}): there is no file {file}")
    return file


class _Collector:
    def __init__(self, home: Home, environment: Environment) -> None:
        self.files: dict[str, Path] = {}
        self.imports: dict[str, str] = {}
        self._home = home
        self._environment = environment
        self._modules: set[str] = set()
        self._pending: list[tuple[str, Path]] = []
        self._found: dict[str, Found] = {}

    def start(self) -> None:
        home = self._home
        if home.path == self._path(home.file):
            self._reach(home.module, home.module)
        else:
            self._take(home.module, home.file, home.path, home.module)
        self._scan_all()

    def follow(self, named: Mapping[str, str]) -> None:
        for module, slot in named.items():
            if self._find(module).kind != "missing":
                self._follow(Import(module, (), 0, guarded=False), slot)
        self._scan_all()

    def _take(self, module: str, file: Path, path: str, by: str) -> None:
        """Take one module's file, and note that its imports are to be followed."""
        self._check_no_link(file, by)
        if self.files.setdefault(path, file) != file:
            raise DefinitionError(f"{file} and {self.files[path]} would both be {path} in the bundle: rename one of them")
        if module in self._modules:
            return
        self._modules.add(module)
        self._pending.append((module, file))

    def _scan_all(self) -> None:
        while self._pending:
            self._scan(*self._pending.pop())

    def _scan(self, module: str, file: Path) -> None:
        source = source_of(file)
        if source is None:
            return
        read = read_imports if source == file else read_hints
        for wanted in read(source, module):
            self._follow(wanted, f"{source.relative_to(self._home.root)}:{wanted.line}")

    def _follow(self, wanted: Import, by: str) -> None:
        found = self._find(wanted.module)
        if found.kind == "installed":
            self._require(wanted, found, by)
        elif found.kind == "local" and self._reach(wanted.module, by):
            for name in wanted.names:
                self._reach(f"{wanted.module}.{name}", by)
        elif found.kind != "stdlib" and not wanted.guarded:
            self._refuse(wanted, found, by)

    def _reach(self, module: str, by: str) -> bool:
        """Take a module of the project and the packages that hold it; False when it is not there."""
        names = module.split(".")
        chain = find_chain(self._home.root, module)
        package = next((place for place in chain if is_package(place)), None)
        if package is not None:
            self._take_package(package.parent, by)
        for depth, place in enumerate(chain, 1):
            if place.is_file():
                self._take(".".join(names[:depth]), place, self._path(place), by)
        return len(chain) == len(names)

    def _take_package(self, folder: Path, by: str) -> None:
        self._check_no_link(folder, by)
        if self._path(folder) not in self._modules:
            self._modules.add(self._path(folder))
            self.files |= {self._path(file): file for file in package_files(folder)}

    def _require(self, wanted: Import, found: Found, by: str) -> None:
        """Note the distribution of a module; if several distributions share its folder, those of the names that are imported from it."""
        shared = found.place is not None and found.place.is_dir()
        for module in [f"{wanted.module}.{name}" for name in wanted.names] if shared else [wanted.module]:
            owner = self._find(module).owner
            if owner is not None:
                self.imports.setdefault(owner.name, by)

    def _find(self, module: str) -> Found:
        if module not in self._found:
            self._found[module] = find(module, self._home.root, self._environment)
        return self._found[module]

    def _path(self, file: Path) -> str:
        return f"{SOURCE}/{file.relative_to(self._home.root).as_posix()}"

    def _check_no_link(self, file: Path, by: str) -> None:
        link = _link(file, self._home.root)
        if link is not None:
            raise RequirementError(f"{by} imports {link}, which is a link, and links are not followed: put the file itself there")

    def _refuse(self, wanted: Import, found: Found, by: str) -> NoReturn:
        root = self._home.root
        if found.kind == "elsewhere":
            raise RequirementError(
                f"{by} imports {wanted.module!r} from {found.place}, which neither lies in the project's root {root} "
                f"nor belongs to an installed distribution: move it into {root}, or install it, without -e"
            )
        raise RequirementError(
            f"{by} imports {wanted.module!r}, which is neither installed nor in {root}: "
            "install it, or guard the import with try and except ImportError"
        )


def _link(file: Path, root: Path) -> Path | None:
    """The outermost link on the way from the root to a file."""
    below = file.relative_to(root)
    steps = [root / part for part in [*reversed(below.parents), below]]
    return next((step for step in steps[1:] if step.is_symlink()), None)


def _check_paths(files: Mapping[str, Path]) -> None:
    try:
        for path in files:
            file_path(path)
        check_distinct(sorted(files))
    except FieldError as error:
        file = files.get(str(error.got), error.got)
        raise DefinitionError(f"{str(file)!r} cannot go into the bundle, expected {error.expected}: rename it") from error
