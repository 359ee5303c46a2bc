"""Checking an installed plugin with the kits."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ._check import Check, run_checks
from ._kit import Kit
from .adapter import AdapterTests
from .packer import PackerTests

if TYPE_CHECKING:
    from ..registry import Plugin

_TESTED = ("artifact", "adapter", "packer")
_CHECKS = "checks"


def check_plugin(plugin: Plugin) -> Iterator[Check]:
    """Check all artifacts, adapters and packers of a plugin, and yield the result of each test as soon as it is known.

    The plugin's own test classes are in a module `checks` beside its hooks. An adapter or packer without a test class is made without
    arguments and then checked; the values for an adapter are the examples of its schema. An artifact without a test class is skipped,
    because there is no model.
    """
    own = _own(plugin)
    for tests in own:
        yield from run_checks(tests)
    tested = {type(subject) for tests in own for subject in [_subject(tests)]}
    for brought in (*plugin.artifacts, *plugin.adapters, *plugin.packers):
        if brought not in tested:
            yield from _check_alone(plugin, brought)


def _own(plugin: Plugin) -> Sequence[type[Kit]]:
    name = _module(plugin.module)
    if name is None:
        return ()
    found = [value for value in vars(import_module(name)).values() if inspect.isclass(value) and issubclass(value, Kit)]
    return [tests for tests in found if tests.__module__ == name and _subject(tests) is not None]


def _module(hooks: str) -> str | None:
    """The name of the module `checks` in the package of a plugin's hooks, or None if there is no such module."""
    package = hooks if find_spec(hooks) and hasattr(import_module(hooks), "__path__") else hooks.rpartition(".")[0]
    name = f"{package}.{_CHECKS}"
    return name if package and find_spec(name) else None


def _subject(tests: type[Kit]) -> object:
    return next((getattr(tests, kind) for kind in _TESTED if hasattr(tests, kind)), None)


def _check_alone(plugin: Plugin, brought: type[Any]) -> Iterator[Check]:
    try:
        subject = brought()
    except TypeError:
        yield _left_out(plugin, brought, f"{brought.__name__}() takes arguments")
        return
    if brought in plugin.packers:
        yield from run_checks(type(f"Test{brought.__name__}", (PackerTests,), {"packer": subject}))
    elif brought in plugin.adapters:
        yield from run_checks(type(f"Test{brought.__name__}", (_ExampleTests,), {"adapter": subject}))
    else:
        yield _left_out(plugin, brought, "there is no model to test it with")


def _left_out(plugin: Plugin, brought: type[Any], why: str) -> Check:
    place = plugin.module.partition(".")[0] + f".{_CHECKS}"
    return Check(f"Test{brought.__name__}", "test_everything", "left out", f"{why}; a test class for it in {place} is found")


class _ExampleTests(AdapterTests):
    def values(self) -> list[Any]:
        examples = self._examples()
        return [self._decode(self.example_payload(example), f"decoding the example {example!r}") for example in examples]
