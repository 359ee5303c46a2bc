"""Which distribution a framework is installed from: many frameworks come in several, such as one for GPUs."""

from __future__ import annotations


def distribution_of(package: str, usual: str) -> str:
    """The distribution that a package is installed from: `usual`, or the one that is installed in its place.

    If the package is not installed at all, it is `usual`.
    """
    from importlib_metadata import PackageNotFoundError, distribution, packages_distributions

    try:
        distribution(usual)
    except PackageNotFoundError:
        # Slow, because it reads the file lists of all installed distributions.
        return min(packages_distributions().get(package, ()), default=usual)
    return usual
