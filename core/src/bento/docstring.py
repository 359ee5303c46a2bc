"""Docstrings: read from a definition, or from its source if Python was told to drop them."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from typing import Any


def docstring(definition: type | Callable[..., Any]) -> str:
    """The docstring of a class, or of a function, which may inherit that of the method it overrides; `""` if there is none.

    If `python -OO` has dropped it, it is read from the source.
    """
    doc = definition.__doc__ if isinstance(definition, type) else inspect.getdoc(definition)
    if sys.flags.optimize < 2 or doc is not None:  # noqa: PLR2004 - the second O of -OO
        return inspect.cleandoc(doc or "")
    try:
        source = inspect.getsource(definition)
        tree = ast.parse(f"if 1:\n{source}" if source[:1].isspace() else source)
    except (OSError, SyntaxError, TypeError):  # it has no file, or the file has changed
        return ""
    defined = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    # The source of a lambda defines nothing.
    return next((ast.get_docstring(node) or "" for node in defined), "")
