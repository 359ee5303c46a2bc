"""Examining: what is different here from what a bundle wants, judged by its manifest, before any of it is loaded or run."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...packers.lock import parse_lock
from ...packers.requirements import names_of
from ...registry import installed
from ..installed.environment import Environment
from ..manifest.paths import LOCK, SOURCE, WHEELS
from ..needs import needs, provider
from .finding import Finding
from .machine import debian_packages, gpus, shared_libraries
from .packages import conda_packages, packages

if TYPE_CHECKING:
    from ..model import Bundle


def examine(bundle: Bundle) -> Iterator[Finding]:
    """What a bundle wants, compared with the Python, platform, packages, plugins, libraries and GPUs that are here.

    What is installed here is only read. No module of it is imported, except bento's plugins, which every command imports.
    """
    environment = Environment.read()
    yield _python(bundle)
    yield from _platform(bundle)
    yield from packages(bundle.manifest.requirements, environment)
    yield from _locked(bundle, environment)
    yield from _plugins(bundle)
    yield from shared_libraries(bundle.manifest.requirements, environment)
    yield from map(debian_packages, bundle.manifest.env.apt)
    if bundle.manifest.env.conda is not None:
        yield from conda_packages(bundle.manifest.env.conda)
    yield gpus(bundle.manifest)


def _python(bundle: Bundle) -> Finding:
    saved, chosen = bundle.manifest.python, bundle.manifest.env.python_version
    here = ".".join(map(str, sys.version_info[:3]))
    if chosen is not None:
        fits = f"{here}.".startswith(f"{chosen}.")
        return Finding("python", "", chosen, here, "ok" if fits else "missing", "" if fits else f"run it with Python {chosen}")
    same = saved.split(".")[:2] == here.split(".")[:2]
    return Finding("python", "", saved, here, "ok" if same else "differs")


def _platform(bundle: Bundle) -> Iterator[Finding]:
    """The platform that the bundle was saved on, and the compiled files in it, each of which fits only one platform."""
    from packaging.tags import sys_tags
    from packaging.utils import parse_wheel_filename

    here, known = sysconfig.get_platform(), set(sys_tags())
    for file in bundle.manifest.files:
        folder, _, name = file.path.rpartition("/")
        if folder == WHEELS and name.endswith(".whl"):
            tags = parse_wheel_filename(name)[3]
            if not tags & known:
                yield Finding("platform", name, " ".join(sorted(map(str, tags))), here, "missing", "save it again on a machine like this")
        elif file.path.startswith(f"{SOURCE}/") and name.endswith(".so"):
            fits = name.endswith((".abi3.so", str(sysconfig.get_config_var("EXT_SUFFIX"))))
            yield Finding("platform", name, name.partition(".")[2], here, "ok" if fits else "unknown")
    saved = bundle.manifest.platform
    yield Finding("platform", "", saved, here, "ok" if saved == here else "differs")


def _locked(bundle: Bundle, environment: Environment) -> Iterator[Finding]:
    """Distributions that are installed in another version than the lock lists, except those that the requirements name themselves."""
    if not bundle.manifest.is_locked:
        return
    try:
        locked = parse_lock((bundle.path / LOCK).read_text("utf-8"))
    except (OSError, ValueError) as error:
        yield Finding("lock", LOCK, "a lock", "none that can be read", "unknown", str(error))
        return
    named = set(names_of(bundle.manifest.requirements))
    for name, each in locked.items():
        installed = environment.distributions.get(name)
        if name not in named and installed is not None and installed.version != each.version:
            yield Finding("package", name, f"{each.version}, from the lock", installed.version, "differs")


def _plugins(bundle: Bundle) -> Iterator[Finding]:
    registry = installed()
    for kind, name, distribution, version in dict.fromkeys(needs(bundle)):
        owner = provider(registry, kind, name)
        failed = next((plugin for plugin in registry.plugins if plugin.error and plugin.distribution == distribution), None)
        wanted = f"{distribution} {version}"
        if owner is not None:
            yield Finding(kind, name, wanted, str(owner), "ok" if str(owner) == wanted else "differs")
        elif failed is not None:
            yield Finding(kind, name, wanted, f"{failed} failed to load", "missing", str(failed.error))
        else:
            yield Finding(kind, name, wanted, "none", "missing")
