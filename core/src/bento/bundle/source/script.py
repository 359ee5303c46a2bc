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
    """Whether a class was typed at a prompt or in a cell after the script `file` was run there, judged by the code of its apis."""
    own = [inspect.unwrap(api.function) for api in service.apis.values() if api.function.__module__ == service.__module__]
    return any(
        not (_is_of(each.__code__, file) or Path(each.__code__.co_filename).is_file()) for each in own if isinstance(each, FunctionType)
    )


def _is_of(code: CodeType, file: Path) -> bool:
    return Path(code.co_filename).name == file.name


def check_guarded(module: ModuleType, file: Path) -> None:
    """Refuse a save at the top level of the service's module: importing the bundle's copy would train and save again."""
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
    """The line at which a module's top level is running, or None.

    A prompt that follows a script runs in the script's module, but not in its file.
    """
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - documented, and inspect.stack() reads every file on the way
    while frame is not None:
        if frame.f_globals is vars(module) and frame.f_code.co_name == "<module>" and _is_of(frame.f_code, file):
            return frame.f_lineno
        frame = frame.f_back
    return None


@contextmanager
def imported_as(module: ModuleType, name: str) -> Iterator[None]:
    """While the block runs, what a script defines has the module `name`, as it will when the bundle is loaded.

    Formats that record where a class is found, as pickle does, then record a module that another process can import.
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
    """Set a definition's module, and restore a class's line, which Python 3.13 then forgets and `inspect` needs to find the source."""
    line = vars(definition).get("__firstlineno__")
    definition.__module__ = module
    if line is not None:
        setattr(definition, "__firstlineno__", line)  # noqa: B010 - types have it from Python 3.13 on
