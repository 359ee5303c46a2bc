"""Which distributions are installed, and what each brings."""

from __future__ import annotations


def installed(distribution: str) -> bool:
    """Whether a distribution of this name is installed here."""
    from importlib_metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def packages(distributions: list[str]) -> list[str]:
    """The import names of the packages that these distributions bring."""
    from importlib_metadata import packages_distributions
    from packaging.utils import canonicalize_name

    wanted = {canonicalize_name(name) for name in distributions}
    return [package for package, names in packages_distributions().items() if wanted & {canonicalize_name(name) for name in names}]
