"""Importing a bundle's source from its folder, or from a place where this process already imported the same source."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ..errors import BundleError
from .manifest.paths import REQUIREMENTS, SOURCE
from .needs import other_versions
from .source.finder import find_chain, is_package
from .source.home import MAIN, module_name

if TYPE_CHECKING:
    from importlib.abc import Loader

    from .model import Bundle


class _Loader(SourceFileLoader):
    """Loads source without reading or writing compiled files, which would be extra files in a verified bundle.

    The digest of the bytes that are run is compared with the manifest, because the file may have changed after it was verified.
    """

    def __init__(self, modules: Mapping[str, str], fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._modules = modules

    def get_data(self, path: str) -> bytes:
        content = super().get_data(path)
        if path == self.path and hashlib.sha256(content).hexdigest() != self._modules.get(self.name):
            raise BundleError(f"{path} has changed since it was verified")
        return content

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError(f"{path} is never compiled ahead")


class _ExtensionLoader(ExtensionFileLoader):
    """Loads extension modules. The digest is compared with the manifest just before the system reads the file again."""

    def __init__(self, modules: Mapping[str, str], fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._modules = modules

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if _digest(Path(self.path)) != self._modules.get(self.name):
            raise BundleError(f"{self.path} has changed since it was verified")
        return super().create_module(spec)


@dataclass(frozen=True)
class _SourceFolder:
    """A path hook for one bundle's source; `modules` holds the SHA-256 of each module's file."""

    folder: str
    modules: Mapping[str, str]

    def __call__(self, path: str) -> FileFinder:
        if not Path(path).is_relative_to(self.folder):
            raise ImportError(f"{path} is not in {self.folder}")
        # FileFinder only calls them, so any callable will do.
        source, extension = (cast("type[Loader]", partial(loader, self.modules)) for loader in (_Loader, _ExtensionLoader))
        # As in Python, an extension module takes precedence over the source beside it.
        return FileFinder(path, (extension, EXTENSION_SUFFIXES), (source, SOURCE_SUFFIXES))

    def install(self) -> None:
        """Import modules from here first, for as long as this process lives, because functions may import them later."""
        if self not in sys.path_hooks:
            sys.path_hooks.insert(0, self)
            sys.path.insert(0, self.folder)
            sys.path_importer_cache.pop(self.folder, None)
            # A process that this one spawns gets its path, but not the hook.
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

    def remove(self) -> None:
        """Stop importing modules from here, and forget those that came from here: another bundle may have others of the same names."""
        if self in sys.path_hooks:
            sys.path_hooks.remove(self)
            sys.path.remove(self.folder)
            sys.path_importer_cache.pop(self.folder, None)
            for module in self.modules.keys() & sys.modules.keys():
                if Path(getattr(sys.modules[module], "__file__", None) or "").is_relative_to(self.folder):
                    del sys.modules[module]

    def clashes(self, other: _SourceFolder) -> str | None:
        """The name of a module that differs between this folder and the other, if there is one; packages are compared as a whole."""
        shared = self.modules.keys() & other.modules.keys()
        packages = {name for name in shared if "." not in name}
        mine, others = ({(name, digest) for name, digest in each.modules.items() if _top(name) in packages} for each in (self, other))
        differing = {name for name in shared if self.modules[name] != other.modules[name]} | {name for name, _ in mine ^ others}
        return min(differing, default=None)


def import_source(bundle: Bundle) -> ModuleType:
    """Import the service's module; what it imports later comes from the bundle too.

    A module that this process already imported from another place is used if its source is the same, byte for byte. Otherwise it is a
    BundleError, because a process can hold only one module of each name.
    """
    module = bundle.manifest.service.partition(":")[0]
    source = _SourceFolder(str(bundle.path / SOURCE), modules_of(bundle))
    if module in source.modules:
        _check_free(bundle, source)
        _adopt_script(module, source)
        if module not in sys.modules:
            source.install()
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a module may raise anything, and some exit
        source.remove()
        _refuse(bundle, module, error)


def modules_of(bundle: Bundle) -> dict[str, str]:
    """The digest of each module's file, as the manifest lists it; of several files for one module, that of the one Python would import."""
    suffixes = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES)
    ranked: list[tuple[bool, int, str, str]] = []
    for file in bundle.manifest.files:
        rank = next((rank for rank, suffix in enumerate(suffixes) if file.path.endswith(suffix)), None)
        if rank is not None and file.path.startswith(f"{SOURCE}/"):
            path = file.path.removeprefix(f"{SOURCE}/").removesuffix(suffixes[rank])
            name = path.removesuffix("/__init__")
            ranked.append((name == path, rank, name.replace("/", "."), file.sha256))
    # The last entry counts: a package before a module, and an extension module before its source.
    return {name: sha256 for _, _, name, sha256 in sorted(ranked, reverse=True)}


def _check_free(bundle: Bundle, source: _SourceFolder) -> None:
    """Refuse a bundle if this process has imported, or would import, one of its modules from elsewhere with other contents."""
    for module, digest in source.modules.items():
        place = _place(module)
        if place is not None and not place.is_relative_to(source.folder) and _digest(place) != digest:
            _clash(bundle, module, place)
    for other in sys.path_hooks:
        if isinstance(other, _SourceFolder) and other != source:
            clash = source.clashes(other)
            if clash is not None:
                _clash(bundle, clash, Path(other.folder))


def _place(module: str) -> Path | None:
    """The file that a module was imported from, or would be imported from because its package was; None if neither."""
    if module in sys.modules:
        return Path(getattr(sys.modules[module], "__file__", None) or f"<{module}>")
    package, _, name = module.rpartition(".")
    place = _place(package) if package else None
    if place is None or not is_package(place):
        return None
    return next(iter(find_chain(place.parent, name)), place.parent / name)


def _adopt_script(module: str, source: _SourceFolder) -> None:
    """Use the running script as the bundle's module that was made from it, if both files are the same."""
    script = sys.modules[MAIN]
    file = getattr(script, "__file__", None)
    if file is not None and module_name(script, MAIN) == module and _digest(Path(file)) == source.modules[module]:
        sys.modules.setdefault(module, script)


def _digest(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _top(module: str) -> str:
    return module.partition(".")[0]


def _clash(bundle: Bundle, module: str, place: Path) -> NoReturn:
    raise BundleError(
        f"bundle {bundle.tag} has a module {module!r} of its own, and this process has another one from {place}: "
        "load the bundle in a fresh process"
    )


def _refuse(bundle: Bundle, module: str, error: BaseException) -> NoReturn:
    raise BundleError(f"bundle {bundle.tag} cannot import {module}: {type(error).__name__}: {error}{_way_out(bundle, error)}") from error


def _way_out(bundle: Bundle, error: BaseException) -> str:
    """The end of the error message: the way out, or nothing if it is not known."""
    if isinstance(error, ImportError):
        return f": pip install -r {bundle.path / REQUIREMENTS}"
    missing = Path(error.filename) if isinstance(error, FileNotFoundError) and isinstance(error.filename, str) else None
    if missing is None:
        return other_versions(bundle)
    if not missing.is_absolute():
        return (
            f": it was looked for in {Path.cwd()}: put it into a slot with FileArtifact, or into a package, and name it by Path(__file__)"
        )
    if not missing.is_relative_to(bundle.path / SOURCE):
        return ""
    place = f"put {missing.name!r} into a package, or into a slot with FileArtifact"
    return f": a bundle has only modules and packages of a project: {place}"
