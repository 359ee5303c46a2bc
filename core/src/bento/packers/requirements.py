"""Requirements files of packed bundles: what is installed from an index, and what is installed from the bundle's wheels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..env import check_requirement
from ..errors import PackerError

# Stricter than the syntax of requirements, because pip expands ${NAME} in a requirements file and joins lines at a backslash.
_LINE = re.compile(r"""[A-Za-z0-9 ._,;<>=!~'"()\[\]+*-]+""")


def requirements_txt(requirements: Iterable[str]) -> str:
    """The text of a requirements file, one requirement per line. A PackerError if pip could read one as anything else."""
    lines = sorted(requirements)
    for line in lines:
        check_requirement(line)
        if not _LINE.fullmatch(line):
            raise PackerError(f"cannot write {line!r} to a requirements file: expected one like 'scikit-learn==1.5.0'")
    return "".join(f"{line}\n" for line in lines)


def _named(requirement: str) -> tuple[str, str]:
    """A requirement's distribution, and its extras as written after the name: `[red]`."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    parsed = Requirement(requirement)
    return canonicalize_name(parsed.name), f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""


def brought_by(wheels: Iterable[str], requirements: Sequence[str]) -> list[str]:
    """The requirements whose distributions are among wheels with these file names."""
    names = {distribution_of(wheel) for wheel in wheels}
    return [text for text in requirements if _named(text)[0] in names]


def added_to(requirements: Sequence[str], others: Iterable[str]) -> list[str]:
    """The requirements, and those `others` whose distributions they do not name yet."""
    names = {_named(text)[0] for text in requirements}
    return [*requirements, *(text for text in others if _named(text)[0] not in names)]


def names_of(requirements: Iterable[str]) -> list[str]:
    """The normalised names of the distributions in requirements."""
    return [_named(text)[0] for text in requirements]


def extras_of(requirements: Iterable[str]) -> dict[str, str]:
    """The extras that are required of each distribution, as written after its name: `[red]`."""
    return dict(map(_named, requirements))


def distribution_of(wheel: str) -> str:
    """The normalised name of the distribution in a wheel with this file name."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return parse_wheel_filename(wheel)[0]
    except InvalidWheelFilename as error:
        raise PackerError(f"{wheel!r} is not the name of a wheel: expected one like 'flowers-1.0-py3-none-any.whl'") from error
