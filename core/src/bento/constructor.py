"""Constructors: errors about their arguments that show the call as it was written; Python's own errors only count the arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence


class Parameters:
    """The `__signature__` of a class whose `__new__` takes anything: that of the subclass's own constructor."""

    def __get__(self, instance: object | None, owner: type) -> inspect.Signature:
        _, *parameters = inspect.signature(owner.__init__).parameters.values()  # type: ignore[misc]  # subclasses keep this sound
        return inspect.Signature(parameters)


def misfit(kind: type, args: Sequence[object], kwargs: Mapping[str, object], describe: Callable[[object], str]) -> str:
    """What a class expects and what it got, each value shown by `describe`; "" if it takes these arguments, perhaps with more."""
    signature = inspect.signature(kind)
    try:
        signature.bind_partial(*args, **kwargs)
    except TypeError:
        given = ", ".join([*map(describe, args), *(f"{name}={describe(value)}" for name, value in kwargs.items())])
        return f"expected {kind.__name__}{_without_types(signature)}, got {kind.__name__}({given})"
    return ""


def _without_types(signature: inspect.Signature) -> inspect.Signature:
    return inspect.Signature([each.replace(annotation=each.empty) for each in signature.parameters.values()])
