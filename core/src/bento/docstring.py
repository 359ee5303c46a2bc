"""Docstrings: what a definition says of itself, though Python was told to forget it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from typing import Any


def docstring(definition: type | Callable[..., Any]) -> str:
    """The docstring of a class or a function, `""` if there is none; from its source where `python -OO` has dropped it."""
    if sys.flags.optimize < 2 or definition.__doc__ is not None:  # noqa: PLR2004 - the second O of -OO
        return inspect.cleandoc(definition.__doc__ or "")
    try:
        source = inspect.getsource(definition)
        tree = ast.parse(f"if 1:\n{source}" if source[:1].isspace() else source)
    except (OSError, SyntaxError, TypeError):  # it has no file, or another one by now
        return ""
    defined = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    return ast.get_docstring(defined) or ""
