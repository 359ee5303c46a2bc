"""The metadata of a bundle's own wheel, made from checked values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import PackerError
from .checked import env_of
from .contents import README
from .requirements import requirements_txt

if TYPE_CHECKING:
    from ..bundle.model import Bundle

# Commands that an environment already has, and that a bundle's command must not replace.
_TAKEN = frozenset({"bento", "pip", "python", "python3"})

_MODULE = '''\
"""A bundle of bento that pip installed: `load()` gives its service, and the command of its name serves it."""

from pathlib import Path

from bento.cli import bundled

_FILE = Path(__file__).with_name("bundle.bento")


def load():
    """The service, with its models, ready to be called."""
    return bundled.load(_FILE)


def main():
    """The command line."""
    bundled.main(_FILE)
'''
_MAIN = '''\
"""`python -m` does as the command does."""

from . import main

main()
'''
_WHEEL = "Wheel-Version: 1.0\nGenerator: bento\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, slots=True)
class Distribution:
    """A bundle as a distribution. `requires` are lines as in a requirements file."""

    name: str
    version: str
    summary: str
    readme: str
    python: str
    requires: tuple[str, ...]

    @classmethod
    def of(cls, bundle: Bundle, version: str) -> Distribution:
        """The distribution of a bundle. A PackerError if its name is that of a distribution it requires."""
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name
        from packaging.version import Version

        env, tag = env_of(bundle), bundle.tag
        requires = tuple(requirements_txt(env.python).splitlines())
        name = canonicalize_name(tag.name)
        if tag.name in _TAKEN or name in {canonicalize_name(Requirement(line).name) for line in requires}:
            raise PackerError(
                f"cannot make a wheel of {tag}: {tag.name!r} is the name of something that it needs: save it under another name"
            )
        chosen = bundle.manifest.env.python_version
        python = f"=={'.'.join(chosen.split('.')[:2])}.*" if chosen else ">=3.11"
        summary = next(iter(bundle.manifest.doc.splitlines()), "") or f"The bundle {tag}"
        return cls(tag.name, str(Version(version)), summary, _readme(bundle), python, requires)

    @property
    def package(self) -> str:
        """The name of the package to import. It differs from the service's name, which the service's module may have."""
        return f"bundle_{re.sub('[-.]+', '_', self.name)}"

    @property
    def _stem(self) -> str:
        return f"{re.sub('[-_.]+', '_', self.name)}-{self.version}"

    @property
    def file_name(self) -> str:
        """Source: PyPA, "Binary distribution format", file name convention."""
        return f"{self._stem}-py3-none-any.whl"

    @property
    def metadata_folder(self) -> str:
        """The folder of a wheel's metadata."""
        return f"{self._stem}.dist-info"

    def files(self) -> dict[str, str]:
        """The wheel's generated files, as texts by path."""
        return {
            f"{self.package}/__init__.py": _MODULE,
            f"{self.package}/__main__.py": _MAIN,
            f"{self.metadata_folder}/METADATA": self._metadata(),
            f"{self.metadata_folder}/WHEEL": _WHEEL,
            f"{self.metadata_folder}/entry_points.txt": f"[console_scripts]\n{self.name} = {self.package}:main\n",
        }

    def _metadata(self) -> str:
        """Source: PyPA, "Core metadata specifications"."""
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {self.name}",
            f"Version: {self.version}",
            f"Summary: {self.summary}",
            f"Requires-Python: {self.python}",
            *(f"Requires-Dist: {line}" for line in self.requires),
            "Description-Content-Type: text/markdown",
        ]
        return "\n".join(lines) + f"\n\n{self.readme}"


def _readme(bundle: Bundle) -> str:
    if README not in {file.path for file in bundle.manifest.files}:
        return ""
    return (bundle.path / README).read_bytes().decode("utf-8", "replace")
