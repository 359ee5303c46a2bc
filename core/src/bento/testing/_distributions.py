"""Which distributions are installed, and which packages each one contains."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getmodulename


def installed(distribution: str) -> bool:
    """Whether a distribution of this name is installed here."""
    from importlib_metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def packages(distributions: list[str]) -> list[str]:
    """The import names of the packages that these distributions contain."""
    return sorted({name for distribution in distributions for name in _brought_by(distribution)})


def _brought_by(name: str) -> Iterator[str]:
    """The same as from `packages_distributions`, which reads the files of all distributions and takes longer than most tests."""
    from importlib_metadata import PackageNotFoundError, distribution

    try:
        found = distribution(name)
    except PackageNotFoundError:
        return
    tops = (path.parts[0] for path in found.files or ())
    names = (found.read_text("top_level.txt") or "").split() or [getmodulename(top) or top for top in tops]
    yield from (name for name in names if "." not in name)
