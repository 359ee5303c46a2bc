"""Which modules a file of Python imports, read from its text without running it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ...errors import DefinitionError

_CATCHES: Final = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, and the names taken from it; a `guarded` one may be missing."""

    module: str
    names: tuple[str, ...]
    line: int
    guarded: bool


def parse(file: Path) -> ast.Module:
    """The syntax tree of a file; a file that is not Python is a DefinitionError that says where."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise DefinitionError(f"{file}:{error.lineno or 1} is not Python: {error.msg}") from error
    except (ValueError, OSError) as error:
        raise DefinitionError(f"cannot read {file}: {error}") from error


def read_imports(file: Path, module: str) -> list[Import]:
    """What the file of `module` imports, in its functions too, if it is not run as a script.

    Imports that run only under `if TYPE_CHECKING:` or `if __name__ == "__main__":` are left out. Imports are guarded in a `try` or
    `suppress` that catches ImportError, and in either branch of a test of the platform or of Python's version.
    """
    package = module if file.name.partition(".")[0] == "__init__" else module.rpartition(".")[0]
    scan = _Scan(package)
    scan.visit(parse(file))
    return scan.found


def read_hints(source: Path, module: str) -> list[Import]:
    """What a compiled module may import, according to the source beside it.

    The source is not what runs and need not be Python, so all imports are guarded. The module `cython` is left out, because Cython's
    compiler provides it.
    """
    try:
        found = read_imports(source, module)
    except DefinitionError:  # the source is only a hint
        return []
    return [replace(each, guarded=True) for each in found if each.module.partition(".")[0] != "cython"]


def is_main_test(test: ast.expr) -> bool:
    """Whether a condition holds only in the script that is run: `__name__ == "__main__"`, alone or with other conditions."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(is_main_test(value) for value in test.values)
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    return {ast.unparse(test.left), ast.unparse(test.comparators[0])} == {"__name__", "'__main__'"}


class _Scan(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.found: list[Import] = []
        self._package = package
        self._guards = 0

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [Import(alias.name, (), node.lineno, self._guards > 0) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names if alias.name != "*")
        self.found.append(Import(self._absolute(node), names, node.lineno, self._guards > 0))

    def visit_If(self, node: ast.If) -> None:
        if is_main_test(node.test) or ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self._visit_all(node.orelse)
        else:
            self._visit_guarded(node.body + node.orelse, _mentions(node.test, {"version_info", "platform"}))

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        kinds = [handler.type for handler in node.handlers]
        caught = any(kind is None or _mentions(kind, _CATCHES) for kind in kinds)
        self._visit_guarded([*node.body, *node.handlers], caught)
        self._visit_all([*node.orelse, *node.finalbody])

    visit_TryStar = visit_Try  # noqa: N815

    def visit_With(self, node: ast.With) -> None:
        managers = [item.context_expr for item in node.items]
        self._visit_guarded(node.body, any(_mentions(manager, {"suppress"}) and _mentions(manager, _CATCHES) for manager in managers))

    def _visit_guarded(self, nodes: Iterable[ast.AST], guarded: bool) -> None:
        self._guards += guarded
        self._visit_all(nodes)
        self._guards -= guarded

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _absolute(self, node: ast.ImportFrom) -> str:
        """The module's full name; a relative one beyond the top-level package keeps its dots, and so is found nowhere."""
        if not node.level:
            return node.module or ""
        parents = self._package.split(".") if self._package else []
        if node.level > len(parents):
            return "." * node.level + (node.module or "")
        base = parents[: len(parents) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)


def _mentions(test: ast.AST, names: Iterable[str]) -> bool:
    found = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    return not found.isdisjoint(names)
