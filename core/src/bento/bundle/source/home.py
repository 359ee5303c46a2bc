"""Home: where a service's class lives, and under which name a bundle will find it again."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from ...errors import DefinitionError
from ..manifest.fields import is_reference
from ..manifest.paths import SOURCE
from .finder import is_package
from .imports import parse
from .script import defines, is_typed

if TYPE_CHECKING:
    from ...service import Service
    from ..installed.environment import Environment, Installed

MAIN = "__main__"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a service's class lives: the `module` that a bundle imports, its `file`, and the project's `root`, which it is imported from.

    `owner` is the installed distribution that the module belongs to, if there is one: then the bundle holds no source.
    """

    module: str
    class_name: str
    file: Path
    root: Path
    owner: Installed | None

    @property
    def reference(self) -> str:
        return f"{self.module}:{self.class_name}"

    @property
    def path(self) -> str:
        """Where the module's file goes in a bundle."""
        name = self.module.replace(".", "/")
        return f"{SOURCE}/{name}/__init__.py" if is_package(self.file) else f"{SOURCE}/{name}.py"


def find_home(service: type[Service], environment: Environment) -> Home:
    """Where a service lives; a class that no other process could import is a DefinitionError that says what to do."""
    if "<locals>" in service.__qualname__:
        raise DefinitionError(f"{service.__name__} is defined inside a function, where no other process finds it: move it to the top level")
    module = sys.modules.get(service.__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None or not Path(file).is_file():
        _refuse_unfound(service)
    name = module_name(module, service.__module__)
    home = _home(name, service.__qualname__, Path(file).absolute(), environment)
    _check_found_again(service, module, home)
    return home


def module_name(module: ModuleType, name: str) -> str:
    """The name a module is imported by; for the script that is run, `pkg.script` after `python -m`, or its file's stem."""
    if name != MAIN:
        return name
    spec = getattr(module, "__spec__", None)  # there is none under a debugger
    if spec is not None:
        return str(spec.name)
    return re.sub(r"\W", "_", Path(module.__file__ or "").stem)


def _home(module: str, class_name: str, file: Path, environment: Environment) -> Home:
    owner = environment.owner(file)
    depth = module.count(".") + is_package(file)
    root = file.parents[depth]
    return Home(module, class_name, file, root, None if owner is None or owner.is_worked_on() else owner)


def _check_found_again(service: type[Service], module: ModuleType, home: Home) -> None:
    if (
        home.owner is None
        and service.__module__ == MAIN
        and (is_typed(service, home.file) or not defines(parse(home.file), home.class_name))
    ):
        _refuse_unfound(service)
    found: object = module
    for name in home.class_name.split("."):
        found = getattr(found, name, None)
    if found is not service and isinstance(found, type) and (found.__module__, found.__qualname__) == (service.__module__, home.class_name):
        raise DefinitionError(
            f"{home.file} has another {home.class_name} by now, because it was imported again or defines it twice: "
            "make the service from that one"
        )
    if found is not service:
        raise DefinitionError(f"{home.file} has no {home.class_name} that is this class: define it there once, with a class statement")
    if home.module.partition(".")[0] == MAIN or not is_reference(home.reference):
        raise DefinitionError(f"no other process can import {home.file}: put {service.__name__} into a file like iris.py")
    if "." in home.module and home.file != home.root / home.path.removeprefix(f"{SOURCE}/"):
        raise DefinitionError(f"{home.file} was imported as {home.module!r}, which is not its place: import it from {home.root}")


def _refuse_unfound(service: type[Service]) -> NoReturn:
    name = service.__name__
    raise DefinitionError(
        f"{name} is defined at a prompt, or in a script that another program runs, and no other process can import it: "
        f"put it into a file, such as {service.name}.py, and import it from there"
    )
