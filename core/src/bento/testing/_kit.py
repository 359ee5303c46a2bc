"""What the kits share: tests are built anew for each test class of a plugin, and no test is replaced without a reason.

A kit's tests take no fixtures, import no test runner and raise AssertionError with advice. So they run under pytest, and also under
`check` without pytest. A kit is written as::

    class ThingTests(Kit, kit=True):
        def test_a_rule(self): ...

        @property_test
        def test_a_rule_about_every_value(self, draw):
            value = draw(self.strategy(), label="value")
            ...
"""

from __future__ import annotations

import inspect
import re
import sys
import unittest
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import ClassVar, Protocol, TypeVar, overload

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ..errors import DefinitionError

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_SOURCE = "__bento_kit_test__"
_PROPERTY = "__bento_kit_property__"
_REASON = "__bento_override_reason__"


class Draw(Protocol):
    """Draws one value from a strategy. A failing test shows the value with its label."""

    def __call__(self, strategy: st.SearchStrategy[T], label: object = None) -> T: ...


@overload
def property_test(function: F) -> F: ...
@overload
def property_test(*, at_most: int) -> Callable[[F], F]: ...
def property_test(function: F | None = None, *, at_most: int = sys.maxsize) -> F | Callable[[F], F]:
    """Mark a kit's test that takes `draw` and runs once per example: `max_examples` times, or `at_most` times if examples are expensive."""

    def mark(function: F) -> F:
        setattr(function, _PROPERTY, at_most)
        return function

    return mark if function is None else mark(function)


def override(*, reason: str) -> Callable[[F], F]:
    """Replace a kit's test by the decorated function; `reason` says why the original test does not hold."""
    if not reason.strip():
        raise DefinitionError(
            "override() has no reason: say why the kit's test does not hold, as in override(reason='answers are rounded')"
        )

    def mark(function: F) -> F:
        setattr(function, _REASON, reason)
        return function

    return mark


def leave_out(*, reason: str) -> Callable[..., None]:
    """Leave a kit's test out, as in `test_a_rule = leave_out(reason="...")`. Reports show the test as skipped, with the reason."""

    @override(reason=reason)
    def left_out(_: object) -> None:
        raise unittest.SkipTest(reason)

    return left_out


def expect(condition: object, advice: str) -> None:
    """Fail the running test unless `condition` is true. `advice` tells the plugin's author what to do."""
    __tracebackhide__ = True
    if not condition:
        raise AssertionError(advice)


def check_name(kind: type, ending: str) -> None:
    """Check the `name` of a class, which the manifest and the command line use, and the name of the class itself."""
    name = getattr(kind, "name", None)
    expect(isinstance(name, str) and _NAME.fullmatch(name), f"{kind.__name__}.name is {name!r}: use a-z, 0-9 and '-'")
    article = "an" if ending.startswith("A") else "a"
    expect(kind.__name__.endswith(ending), f"{kind.__name__} is {article} {ending.lower()}: end its name in {ending}")


class Kit:
    """The base of every kit."""

    max_examples: ClassVar[int] = 50
    """How many examples each property test tries."""
    lasting: ClassVar[Collection[str]] = ()
    """Names of the threads, files and processes that a framework keeps until the process ends. `*` stands for any characters."""
    _tests: ClassVar[Mapping[str, Callable[..., object]]] = MappingProxyType({})

    def __init_subclass__(cls, *, kit: bool = False, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if kit:
            own = {name: test for name, test in vars(cls).items() if name.startswith("test_")}
            cls._tests = MappingProxyType({**cls._tests, **own})
        for name, function in cls._tests.items():
            _check_kept(cls, name, function)
            if not hasattr(inspect.getattr_static(cls, name), _REASON):
                setattr(cls, name, _build(cls, name, function))


def _check_kept(cls: type[Kit], name: str, function: Callable[..., object]) -> None:
    found = inspect.getattr_static(cls, name)
    if found is function or getattr(found, _SOURCE, None) is function or hasattr(found, _REASON):
        return
    raise DefinitionError(
        f"{cls.__name__}.{name} replaces a test of the kit: say why with @override(reason=...), or leave it out with "
        f"{name} = leave_out(reason=...), both of bento.testing"
    )


def _build(cls: type[Kit], name: str, function: Callable[..., object]) -> Callable[..., object]:
    """The test for one class. Each class gets its own function, because hypothesis refuses one with `given` that two classes share."""
    if not hasattr(function, _PROPERTY):
        return function

    def test(self: Kit, data: st.DataObject) -> None:
        __tracebackhide__ = True
        function(self, data.draw)

    test.__name__, test.__doc__, test.__module__ = name, function.__doc__, cls.__module__
    bounds = settings(
        max_examples=min(cls.max_examples, getattr(function, _PROPERTY)),
        deadline=None,  # the kits measure time themselves where it matters
        phases=set(Phase) - {Phase.explain},  # the advice is the explanation
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],  # an override may call super()
    )
    built: Callable[..., object] = bounds(given(data=st.data())(test))
    built.__qualname__ = f"{cls.__qualname__}.{name}"
    setattr(built, _SOURCE, function)
    return built
