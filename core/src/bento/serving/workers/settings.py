"""What a server's process is told: how it behaves, and its place among others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..address import Address
from ..calls.limits import Limits
from ..logs import AccessLog
from .notices import Notices

if TYPE_CHECKING:
    from ..calls.board import Board


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; `grace` is how many seconds a stop waits for open requests, `address` where clients find it behind a proxy."""

    limits: Limits = field(default_factory=Limits)
    allowed_hosts: frozenset[str] = frozenset()
    access_log: type[AccessLog] | None = AccessLog
    grace: float = 30.0
    examples: bool = True
    """Whether golden examples have to hold before a service is ready."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Additional paths, each with the path of the api or page that it stands for."""
    address: Address = field(default_factory=Address)
    notices: Notices = field(default_factory=Notices)
    """What the program that started the server is told."""


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's place below the process that started it. It obeys only SIGTERM, and stops when `lifeline`, a file descriptor, says that
    the process is gone.

    With a `board`, it counts in the stretch `own`, and begins to listen only when it is ready, because others listen meanwhile.
    """

    lifeline: int
    board: Board | None = None
    own: int = 0
