"""The conda environment of a service, as a bundle keeps it: with Python and pip, and in agreement with what is installed here."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...env.conda import Conda, admits, read_conda
from ...errors import DefinitionError, RequirementError
from ..source.project import project_file
from .asks import Ask, ask

if TYPE_CHECKING:
    from ...env import Env
    from ..source.home import Home

_PYTHON = "python"


def conda_of(env: Env, home: Home) -> tuple[Conda | None, list[Ask]]:
    """The environment that `Env(conda=...)` asks for, and what pip installs in it; a Python other than this one is a RequirementError."""
    if env.conda is None:
        return None, []
    given = _read_file(project_file(home, "conda", env.conda)) if isinstance(env.conda, str | Path) else env.conda
    by = str(env.conda) if isinstance(env.conda, str | Path) else "Env(conda=...)"
    conda, for_pip = read_conda(given)
    here = platform.python_version()
    wanted = conda.wanted(_PYTHON)
    if wanted and not admits(wanted, here):
        raise RequirementError(
            f"{by} asks for Python {wanted!r}, but Python {here} saves the bundle: ask for python={_minor(here)}, or save it with that one"
        )
    with_python = conda.with_default(_PYTHON, f"{_PYTHON}={_minor(env.python_version or here)}")
    return with_python.with_default("pip", "pip"), [ask(text, by) for text in for_pip]


def check_agrees(conda: Conda | None, requirements: Iterable[str]) -> None:
    """Refuse an environment that asks for another version than the bundle pins, because pip would then replace it."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    for requirement in map(Requirement, requirements if conda else ()):
        name = canonicalize_name(requirement.name)
        wanted = conda.wanted(name) if conda else None
        pinned = next((each.version for each in requirement.specifier if each.operator == "=="), None)
        if wanted and pinned and not admits(wanted, pinned):
            raise RequirementError(
                f"Env(conda=...) asks for {name} {wanted!r}, but {name} {pinned} is what the bundle requires: "
                f"ask for {name}={pinned}, or install one that fits"
            )


def _read_file(file: Path) -> object:
    try:
        import yaml
    except ImportError as error:
        raise RequirementError(
            f"{file} is YAML, which nothing here reads: pip install 'bento-core[conda]', or write it as Env(conda=[...])"
        ) from error
    try:
        found: object = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DefinitionError(f"{file} is not a conda environment: {error}") from error
    if not isinstance(found, dict):
        raise DefinitionError(f"{file} is not a conda environment: expected channels and dependencies, got {found!r}")
    return found


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
