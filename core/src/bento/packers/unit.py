"""The texts of a systemd service, made from checked values. Source: systemd.service(5), .socket(5), .exec(5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..env import Env
    from ..tag import Tag

# TimeoutStartSec=: a large model may take longer to load than the 90 seconds that systemd waits by default.
# PrivateDevices= is not set, because it hides GPUs; MemoryDenyWriteExecute= is not set, because compilers of models need such memory.
_SERVICE = """\
# {tag}, installed by {folder}/install.sh
[Unit]
Description={tag}
Requires=bento-{name}.socket
After=network.target bento-{name}.socket

[Service]
Type=notify
ExecStart={folder}/venv/bin/python -m bento serve {folder}/bundle --trust --workers {workers} --grace 30
Environment=PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BENTO_HOME=%S/bento-{name}
WorkingDirectory=/
TimeoutStartSec=15min
KillMode=mixed
TimeoutStopSec=40
Restart=on-failure

DynamicUser=yes
StateDirectory=bento-{name}
CapabilityBoundingSet=
LockPersonality=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
UMask=0077

[Install]
WantedBy=multi-user.target
"""

_SOCKET = """\
# Where {tag} is reached. It stays open while the service is restarted, so that nobody who connects is refused.
[Unit]
Description=The socket of {tag}

[Socket]
ListenStream={listen}
Backlog=4096

[Install]
WantedBy=sockets.target
"""

_SCRIPT = """\
#!/bin/sh
# Installs {tag} on this machine, or puts it in the place of another version: copy this folder to {folder}, and run this there, as root.
set -eu
umask 022
cd {folder}
{apt}python{python} -m venv --clear venv
venv/bin/python -m pip install --requirement requirements.txt
systemctl enable {folder}/bento-{name}.socket {folder}/bento-{name}.service
systemctl daemon-reload
systemctl start bento-{name}.socket
systemctl restart bento-{name}.service
"""

_APT = "apt-get update\napt-get install --yes --no-install-recommends {packages}\n"


@dataclass(frozen=True, slots=True)
class Unit:
    """The values that the files depend on. `folder` is their place on the machine that serves."""

    tag: Tag
    env: Env
    folder: str
    listen: str
    workers: str

    def service(self) -> str:
        """The text of the `.service` unit."""
        return _SERVICE.format(tag=self.tag, name=self.tag.name, folder=self.folder, workers=self.workers)

    def socket(self) -> str:
        """The text of the `.socket` unit."""
        return _SOCKET.format(tag=self.tag, listen=self.listen)

    def script(self) -> str:
        """The text of `install.sh`."""
        apt = _APT.format(packages=" ".join(sorted(self.env.apt))) if self.env.apt else ""
        python = ".".join((self.env.python_version or "3").split(".")[:2])
        return _SCRIPT.format(tag=self.tag, name=self.tag.name, folder=self.folder, apt=apt, python=python)
