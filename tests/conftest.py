from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bento.bundle import Bundle
from bento.bundle.installed.environment import Environment
from bento.bundle.installed.wheels import build_wheel
from bento.bundle.signing.keys import new_key
from bundles import write_bundle

# These projects are installed and tested in environments of their own by tests/installed/test_thirdparty.py.
collect_ignore = ["thirdparty"]

FILES = {
    "README.md": b"# iris\n",
    "artifacts/model/model.json": b"[1, 2]",
    "requirements.txt": b"bento-core==0.1.0\nnumpy==2.1.0\n",
    "src/iris.py": b"import bento\n" * 100,
}


class MakeBundle(Protocol):
    def __call__(self, folder: Path, files: Mapping[str, bytes] = FILES, **fields: Any) -> Bundle: ...


@pytest.fixture(scope="session")
def make_bundle() -> MakeBundle:
    """Writes a bundle's folder from files and the fields of a manifest, without a service: it verifies, but there is nothing to load."""

    def make(folder: Path, files: Mapping[str, bytes] = FILES, **fields: Any) -> Bundle:
        return write_bundle(folder, files, **{"requirements": ["bento-core==0.1.0", "numpy==2.1.0"], **fields})

    return make


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The file of a new private key."""
    return new_key(tmp_path / "release.key").with_suffix(".key")


@pytest.fixture
def public(key: Path) -> Path:
    """The file of the public key that belongs to `key`."""
    return key.with_suffix(".pub")


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of bento's dependencies, made again from the installed distributions, in place of a package index."""
    folder, distributions = tmp_path_factory.mktemp("wheelhouse"), Environment.read().distributions
    pending, seen = ["bento-core"], set()
    while pending:
        name = pending.pop()
        if name in distributions and name not in seen:
            seen.add(name)
            needed = map(Requirement, distributions[name].distribution.requires or ())
            pending += [canonicalize_name(each.name) for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
            if not distributions[name].is_local:
                build_wheel(distributions[name], folder)
    return folder
