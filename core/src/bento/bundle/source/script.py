"""Scripts: services whose file is the program that is run, and is imported as a module when their bundle is loaded."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING

from ...errors import DefinitionError
from .imports import is_main_test, parse

if TYPE_CHECKING:
    from ...service import Service


def defines(tree: ast.Module, class_name: str) -> bool:
    """Whether a file has a class statement for `Outer.Inner`."""
    nodes: list[ast.AST] = [tree]
    for name in class_name.split("."):
        nodes = [node for outer in nodes for node in ast.walk(outer) if isinstance(node, ast.ClassDef) and node.name == name]
    return bool(nodes)


def is_typed(service: type[Service], file: Path) -> bool:
    """Whether a class was typed at a prompt or in a cell, as its apis tell, though a script, `file`, was run there before."""
    own = [inspect.unwrap(api.function) for api in service.apis.values() if api.function.__module__ == service.__module__]
    return any(
        not (_is_of(each.__code__, file) or Path(each.__code__.co_filename).is_file()) for each in own if isinstance(each, FunctionType)
    )


def _is_of(code: CodeType, file: Path) -> bool:
    return Path(code.co_filename).name == file.name


def check_guarded(module: ModuleType, file: Path) -> None:
    """Refuse a save that the module's own top level makes: importing the bundle's copy would train and save again."""
    line = _running_line(module, file)
    if line is None:
        return
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.If) and is_main_test(node.test) and node.body[0].lineno <= line <= (node.body[-1].end_lineno or line):
            return
    raise DefinitionError(
        f"{file}:{line} saves whenever the file is imported, and loading the bundle imports it: "
        'put everything that trains and saves under if __name__ == "__main__":'
    )


def _running_line(module: ModuleType, file: Path) -> int | None:
    """The line of its file that a module's top level is at, if it is running; a prompt that follows a script runs in its module, too."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented, and inspect.stack() reads every file on the way
    while frame is not None:
        if frame.f_globals is vars(module) and frame.f_code.co_name == "<module>" and _is_of(frame.f_code, file):
            return frame.f_lineno
        frame = frame.f_back
    return None


@contextmanager
def imported_as(module: ModuleType, name: str) -> Iterator[None]:
    """While the block runs, what a script defines says that it comes from the module `name`, as it will when the bundle is loaded.

    Formats that write down where a class is found, as pickle does, then write what another process can import.
    """
    if module.__name__ == name:
        yield
        return
    own = [value for value in vars(module).values() if isinstance(value, type | FunctionType) and value.__module__ == module.__name__]
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        for value in own:
            _move(value, name)
        yield
    finally:
        for value in own:
            _move(value, module.__name__)
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before


def _move(definition: type | FunctionType, module: str) -> None:
    """Say that a definition comes from a module; Python 3.13 then forgets the line that a class is at, and `inspect` its source."""
    line = vars(definition).get("__firstlineno__")
    definition.__module__ = module
    if line is not None:
        setattr(definition, "__firstlineno__", line)  # noqa: B010 - types know of it from Python 3.13 on
