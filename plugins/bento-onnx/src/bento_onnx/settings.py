"""The settings with which ONNX Runtime runs a model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bento import DefinitionError

from .runtime import import_runtime

if TYPE_CHECKING:
    from onnxruntime import SessionOptions

    from bento.artifact import JSON

CPU = "CPUExecutionProvider"
LEVELS = {"all": "ORT_ENABLE_ALL", "extended": "ORT_ENABLE_EXTENDED", "basic": "ORT_ENABLE_BASIC", "none": "ORT_DISABLE_ALL"}

Provider = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as the manifest keeps them and as ONNX Runtime takes them. They are checked when the object is made."""

    providers: tuple[Provider, ...]
    optimization: str = "all"
    intra_op_threads: int | None = None
    inter_op_threads: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.optimization not in LEVELS:
            raise DefinitionError(f"expected OnnxArtifact(optimization=...) with one of {', '.join(LEVELS)}, got {self.optimization!r}")
        for name in ("intra_op_threads", "inter_op_threads"):
            number = getattr(self, name)
            if number is not None and not (type(number) is int and number > 0):
                raise DefinitionError(f"expected OnnxArtifact({name}=...) with 1 or more threads, or None, got {number!r}")
        if not (isinstance(self.config, Mapping) and all(isinstance(text, str) for pair in self.config.items() for text in pair)):
            raise DefinitionError(f"expected OnnxArtifact(config={{'session.disable_prepacking': '1'}}) with texts, got {self.config!r}")

    def options(self) -> dict[str, JSON]:
        """The settings that differ from the defaults."""
        providers: list[JSON] = [[name, options] if options else name for name, options in self.providers]
        given: dict[str, JSON] = {
            "providers": None if providers == [CPU] else providers,
            "optimization": None if self.optimization == "all" else self.optimization,
            "intra_op_threads": self.intra_op_threads,
            "inter_op_threads": self.inter_op_threads,
            "config": dict(self.config) or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def session_options(self) -> SessionOptions:
        """The settings as an object of ONNX Runtime."""
        onnxruntime = import_runtime()
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, LEVELS[self.optimization])
        options.intra_op_num_threads = self.intra_op_threads or _threads_for_each_worker()
        options.inter_op_num_threads = self.inter_op_threads or 0
        # Otherwise a file that begins like ONNX Runtime's own format would be read in that format, which was not checked.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        for key, value in self.config.items():
            options.add_session_config_entry(key, value)
        return options


def checked_providers(providers: Sequence[str | Sequence[Any]]) -> tuple[Provider, ...]:
    """The providers in one form: each a name with its options."""
    expected = f"expected OnnxArtifact(providers=['CUDAExecutionProvider', {CPU!r}]) with names, or pairs of a name and options"
    if isinstance(providers, str) or not isinstance(providers, Sequence) or not providers:
        raise DefinitionError(f"{expected}, got {providers!r}")
    found: list[Provider] = []
    for provider in providers:
        match provider:
            case str():
                found.append((provider, {}))
            case [str(name), Mapping() as options]:
                found.append((name, dict(options)))
            case _:
                raise DefinitionError(f"{expected}, got {provider!r}")
    return tuple(found)


def _threads_for_each_worker() -> int:
    """The number of threads that the server assigns to each worker; 0 if it assigns none, which leaves the number to ONNX Runtime."""
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(told) if told.isdecimal() else 0
