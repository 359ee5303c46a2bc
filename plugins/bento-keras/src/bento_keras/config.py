"""A model's `config.json`: which classes and functions it names, and whether these are allowed.

Source: Keras 3.15, `keras.saving.serialize_keras_object`: an object is a dict of `module`, `class_name`, `registered_name` and
`config`, anywhere in the tree; a function has the `class_name` `function` and its name in `config`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .known import CLASSES, FUNCTIONS, OPERATIONS, VALUES

_CLASS = "class_name"
_COMPILED = "compile_config"
_SHARED = "shared_object_id"
_CODE = "__lambda__"
_KERAS = "keras"


def unknown_names(tree: Any, custom: Collection[str]) -> list[str]:
    """The sorted names in a config that are neither known names of Keras nor in `custom`, as a user would write them."""
    return sorted({_shown(node) for node in _nodes(tree) if _CLASS in node and not _is_known(node, custom)})


def has_code(tree: Any) -> bool:
    """Whether a config contains the code of a function, as that of a Lambda layer does."""
    return any(node.get(_CLASS) == _CODE for node in _nodes(tree))


def file_names(tree: Any) -> list[str]:
    """The vocabularies in a config that are paths of files, which Keras would read from anywhere."""
    return [node["vocabulary"] for node in _nodes(tree) if isinstance(node.get("vocabulary"), str)]


def simplify(tree: Any) -> None:
    """Remove how a model is trained, and replace the addresses of shared objects by numbers in their order of appearance."""
    numbers: dict[Any, int] = {}
    for node in _nodes(tree):
        node.pop(_COMPILED, None)
        if _SHARED in node:
            node[_SHARED] = numbers.setdefault(node[_SHARED], len(numbers) + 1)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending += reversed(node.values())
        elif isinstance(node, list):
            pending += reversed(node)


def _is_known(node: dict[str, Any], custom: Collection[str]) -> bool:
    name, module, registered = node[_CLASS], node.get("module"), node.get("registered_name")
    if not isinstance(name, str) or not isinstance(module, str | None) or not isinstance(registered, str | None):
        return False
    if name == "function":
        function = node.get("config")
        return isinstance(function, str) and (function in custom or (module == "builtins" and function in FUNCTIONS))
    # Keras looks for the registered name first, whatever module the class names.
    if registered not in (None, name):
        return registered in custom
    return name in VALUES or _is_own(module, name) or f"{module}.{name}" in custom or node.get("registered_name", name) in custom


def _is_own(module: str | None, name: str) -> bool:
    return module in OPERATIONS or name in CLASSES.get(module or "", ())


def _shown(node: dict[str, Any]) -> str:
    name, module, registered = node[_CLASS], node.get("module"), node.get("registered_name")
    if name == "function":
        name, registered = node.get("config"), None
    if isinstance(module, str) and module.partition(".")[0] == _KERAS:
        return f"{module}.{name}"
    return str(registered or name)
