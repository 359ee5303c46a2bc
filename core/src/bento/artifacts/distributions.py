"""What a framework is installed as: many come as several distributions, such as one for GPUs."""

from __future__ import annotations


def distribution_of(package: str, usual: str) -> str:
    """The distribution that a package comes from here: the `usual` one, or, where another is in its place, that.

    Where the package is not installed, it is the usual one as well.
    """
    from importlib_metadata import PackageNotFoundError, distribution, packages_distributions

    try:
        distribution(usual)
    except PackageNotFoundError:
        # This reads the files of all that is installed.
        return min(packages_distributions().get(package, ()), default=usual)
    return usual
