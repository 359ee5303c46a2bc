"""The options of a manifest, checked once. Apart from the bundle's tag, they are the only input that is written to a manifest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bento import DefinitionError, Env, PackerError

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CPU = re.compile(r"[1-9][0-9]{0,5}m|[1-9][0-9]{0,3}")
_MEMORY = re.compile(r"[1-9][0-9]{0,5}[KMGT]i")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,4}")

_MOST = 10_000
_MOST_GPUS = 64
# An unprivileged user must not listen on lower ports.
_PORTS = range(1024, 65536)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of all packers here. They may be given as texts, as on the command line, and are converted to their fields' types."""

    image: str
    namespace: str | None
    replicas: int
    max_replicas: int | None
    cpu: str
    memory: str
    gpu: int
    port: int

    @classmethod
    def of(cls, packer: str, fewest: int, **given: Any) -> Options:
        """Check the options of `packer`, which runs at least `fewest` replicas. An invalid value is a PackerError that names the option."""
        options = _Given(packer, given)
        options.check("image", _is_image(given["image"]), "an image like 'registry.example.org/iris:1'")
        options.match("namespace", _LABEL, "a namespace like 'models'", optional=True)
        options.match("cpu", _CPU, "processors like '2', or thousandths of one like '500m'")
        options.match("memory", _MEMORY, "an amount like '512Mi' or '4Gi'")
        replicas = options.number("replicas", range(fewest, _MOST + 1))
        most = range(max(replicas, 1), _MOST + 1)
        return cls(
            image=given["image"],
            namespace=given["namespace"],
            replicas=replicas,
            max_replicas=None if given["max_replicas"] is None else options.number("max_replicas", most),
            cpu=given["cpu"],
            memory=given["memory"],
            gpu=options.number("gpu", range(_MOST_GPUS + 1)),
            port=options.number("port", _PORTS),
        )


class _Given:
    """The unchecked options of a packer."""

    def __init__(self, packer: str, given: dict[str, Any]) -> None:
        self._packer, self._given = packer, given

    def check(self, option: str, holds: object, expected: str) -> None:
        if not holds:
            raise PackerError(f"{self._packer}({option}={self._given[option]!r}): expected {expected}")

    def match(self, option: str, pattern: re.Pattern[str], expected: str, *, optional: bool = False) -> None:
        value = self._given[option]
        self.check(option, (optional and value is None) or (isinstance(value, str) and pattern.fullmatch(value)), expected)

    def number(self, option: str, allowed: range) -> int:
        value = self._given[option]
        is_number = not isinstance(value, bool) and isinstance(value, int | str) and _NUMBER.fullmatch(str(value))
        self.check(option, is_number and int(value) in allowed, f"a number from {allowed[0]} to {allowed[-1]}")
        return int(value)


def _is_image(reference: object) -> bool:
    """Whether a value is the name of an image, by the rules of `bento.Env`."""
    if not isinstance(reference, str):
        return False
    try:
        Env(base_image=reference)
    except DefinitionError:
        return False
    return True
