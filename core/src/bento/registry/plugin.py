"""What an installed plugin provides, or why it failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..adapter import Adapter
    from ..artifact import Artifact
    from ..packer import Packer

log = logging.getLogger(__name__)

CORE = "core"
"""The name of the entry point under which bento itself is a plugin."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin: what it provides, or, in `error`, why it failed to load and provides nothing."""

    name: str
    distribution: str
    version: str
    module: str
    artifacts: tuple[type[Artifact[Any]], ...] = ()
    adapters: tuple[type[Adapter[Any]], ...] = ()
    find_packers: Callable[[], tuple[type[Packer], ...]] = tuple
    """Called only when somebody packs, because core's own packers are a dozen modules that a server need not import."""
    hooks: tuple[str, ...] = ()
    """The other hooks that it implements: commands, routes and events."""
    error: str | None = None

    @property
    def packers(self) -> tuple[type[Packer], ...]:
        return self.find_packers()

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    def lacks(self) -> list[str]:
        """A sentence for each of its artifacts whose framework is not installed here, which says what to install."""
        missing = [artifact for artifact in self.artifacts if artifact.framework and not _is_installed(artifact.framework)]
        return [f"artifact {each.name!r} needs {each.framework!r}, which is not installed: {_way_out(each)}" for each in missing]


def _way_out(artifact: type[Artifact[Any]]) -> str:
    try:
        needs = " ".join(artifact().requirements()) if _is_made_without_arguments(artifact) else ""
    except Exception:
        log.exception("%s does not say what it requires", artifact.__qualname__)
        needs = ""
    return f"pip install {needs}" if needs else "install it"


def _is_installed(framework: str) -> bool:
    # Only the top-level package is looked for: finding a submodule would import its parents.
    return find_spec(framework.partition(".")[0]) is not None


def _is_made_without_arguments(kind: type) -> bool:
    try:
        signature(kind).bind()
    except TypeError:
        return False
    return True
