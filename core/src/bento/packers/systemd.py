"""SystemdPacker: a bundle as a folder with a systemd service for a Linux machine, and a socket that systemd keeps open for it."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ..errors import PackerError
from ..packer import Packer
from .checked import checking, env_of, refuse_conda, refuse_setup
from .contents import set_modes, write_around
from .folder_requirements import for_folder
from .output import create
from .unit import Unit

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle.model import Bundle

_SCRIPT = "install.sh"
_PATH = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_HIGHEST_PORT = 65535
_WORKERS = re.compile(r"auto|[1-9][0-9]{0,3}")


class SystemdPacker(Packer):
    """Pack a bundle into a folder that you copy to `folder` (`/opt/NAME` by default) on the machine that serves it.

    Run its `install.sh` there as root: it makes an environment, installs the requirements, and starts the socket and the service. The
    socket listens on `listen`: a port, an address with a port, or the path of a Unix domain socket. It stays open while the service
    restarts. `workers` is the number of processes that serve.
    """

    name = "systemd"
    summary = "a folder with a unit and a socket file, for a machine that runs systemd"

    def __init__(self, *, folder: str | None = None, listen: str = "127.0.0.1:3000", workers: str = "1") -> None:
        _check("folder", folder, folder is None or _PATH.fullmatch(folder), "a path like '/opt/iris'")
        _check("listen", listen, _is_place(listen), "an address like '127.0.0.1:3000', or a path like '/run/iris.sock'")
        _check("workers", workers, _WORKERS.fullmatch(workers), "a number of processes, or 'auto'")
        self._folder, self._listen, self._workers = folder, listen, workers

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the folder. Every value of the manifest is checked again; an invalid one is a PackerError."""
        with checking(bundle, "a unit"):
            texts = self._texts(bundle)
        with create(out) as draft:
            write_around(bundle, draft, texts)
            set_modes(draft, [draft / _SCRIPT])
        return out

    def _texts(self, bundle: Bundle) -> dict[str, str]:
        """The generated files (all that are not copied from the bundle), as texts by path."""
        env, tag = env_of(bundle), bundle.tag
        refuse_setup(bundle, env)
        refuse_conda(bundle)
        unit = Unit(tag, env, self._folder or f"/opt/{tag.name}", self._listen, self._workers)
        return {
            f"bento-{tag.name}.service": unit.service(),
            f"bento-{tag.name}.socket": unit.socket(),
            _SCRIPT: unit.script(),
            "requirements.txt": for_folder(bundle, env.python),
        }


def _check(option: str, value: object, holds: object, expected: str) -> None:
    if not holds:
        raise PackerError(f"SystemdPacker({option}={value!r}): expected {expected}")


def _is_place(text: str) -> bool:
    """Whether a text is a port, an address and a port, or a path. Source: systemd.socket(5), ListenStream=."""
    if _PATH.fullmatch(text):
        return True
    host, colon, port = text.rpartition(":")
    if not _PORT.fullmatch(port) or int(port) > _HIGHEST_PORT:
        return False
    try:
        return not colon or ip_address(host.removeprefix("[").removesuffix("]")).version == (6 if host.startswith("[") else 4)
    except ValueError:
        return False
