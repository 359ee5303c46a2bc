from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bento.errors import PackerError
from bento.packers import SystemdPacker

WHEEL = "wheels/flowers-1.0-py3-none-any.whl"
FILES = {"artifacts/model/model.json": b"[1, 2]", "src/iris.py": b"import bento\n", "src/setup.sh": b"#!/bin/sh\n", WHEEL: b"wheel"}
ENV = {"apt": ["libgomp1", "curl=8.5.0-2"], "base_image": None, "conda": None, "python_version": None, "setup": None}
REQUIREMENTS = ["bento-core==0.1.0", "Flowers[red]==1.0", "numpy==2.1.0"]

INSTALL = """\
#!/bin/sh
# Installs iris:3 on this machine, or puts it in the place of another version: copy this folder to /opt/iris, and run this there, as root.
set -eu
umask 022
cd /opt/iris
apt-get update
apt-get install --yes --no-install-recommends curl=8.5.0-2 libgomp1
python3.11 -m venv --clear venv
venv/bin/python -m pip install --requirement requirements.txt
systemctl enable /opt/iris/bento-iris.socket /opt/iris/bento-iris.service
systemctl daemon-reload
systemctl start bento-iris.socket
systemctl restart bento-iris.service
"""

needs_systemd = pytest.mark.skipif(
    not (shutil.which("systemd-analyze") and shutil.which("systemd-socket-activate")),
    reason="needs systemd-analyze and systemd-socket-activate, of Debian's package systemd",
)


@pytest.fixture
def bundle(make_bundle, tmp_path):
    return make_bundle(tmp_path / "bundle", FILES, requirements=REQUIREMENTS, env=ENV)


@pytest.fixture
def folder(bundle, tmp_path) -> Path:
    return SystemdPacker().pack(bundle, tmp_path / "unit")


def setting(file: Path, name: str) -> str:
    return re.search(rf"^{name}=(.*)$", file.read_text(), re.MULTILINE)[1]


def test_a_folder_has_a_unit_a_socket_and_the_way_to_install_them(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "bento-iris.service",
        "bento-iris.socket",
        "bundle",
        "install.sh",
        "requirements.txt",
    ]
    assert (folder / "install.sh").read_text() == INSTALL
    assert stat.S_IMODE((folder / "install.sh").stat().st_mode) == 0o755


def test_wheels_are_installed_from_the_bundle_and_the_rest_from_an_index(folder):
    assert (folder / "requirements.txt").read_text() == f"bento-core==0.1.0\nnumpy==2.1.0\n./bundle/{WHEEL}[red]\n"


def test_options_set_the_folder_the_address_and_the_number_of_workers(bundle, tmp_path):
    folder = SystemdPacker(folder="/srv/flowers", listen="[::1]:80", workers="auto").pack(bundle, tmp_path / "unit")
    assert setting(folder / "bento-iris.socket", "ListenStream") == "[::1]:80"
    assert setting(folder / "bento-iris.service", "ExecStart") == (
        "/srv/flowers/venv/bin/python -m bento serve /srv/flowers/bundle --trust --workers auto --grace 30"
    )


@pytest.mark.parametrize("listen", ["3000", "0.0.0.0:80", "127.0.0.1:65535", "[::]:3000", "/run/iris.sock"])
def test_an_address_to_listen_on_may_be_a_port_a_host_with_a_port_or_a_path(bundle, tmp_path, listen):
    folder = SystemdPacker(listen=listen).pack(bundle, tmp_path / "unit")
    assert setting(folder / "bento-iris.socket", "ListenStream") == listen


_PLACE = "an address like '127.0.0.1:3000', or a path like '/run/iris.sock'"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("folder", "opt/iris", "a path like '/opt/iris'"),
        ("folder", "/opt/../etc", "a path like '/opt/iris'"),
        ("folder", "/opt/%h", "a path like '/opt/iris'"),
        ("listen", "localhost:3000", _PLACE),
        ("listen", "127.0.0.1:65536", _PLACE),
        ("listen", "3000\nExecStartPre=id", _PLACE),
        ("listen", "iris.sock", _PLACE),
        ("listen", "/run/%h.sock", _PLACE),
        ("workers", "0", "a number of processes, or 'auto'"),
        ("workers", "1; id", "a number of processes, or 'auto'"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(option, value, expected):
    with pytest.raises(PackerError) as caught:
        SystemdPacker(**{option: value})
    assert str(caught.value) == f"SystemdPacker({option}={value!r}): expected {expected}"


def test_a_setup_script_is_refused(make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", FILES, env={**ENV, "setup": "src/setup.sh"})
    with pytest.raises(PackerError) as caught:
        SystemdPacker().pack(bundle, tmp_path / "unit")
    assert str(caught.value) == ("iris:3 has a script that an image runs as root, 'src/setup.sh': pack it as an image, or save it without")


@pytest.fixture
def installed(scale, environment, tmp_path) -> Path:
    """The packed folder at the place that its unit names, with its environment, as `install.sh` leaves it."""
    folder = SystemdPacker(folder=str(tmp_path / "place")).pack(scale, tmp_path / "place")
    environment.install("--requirement", "requirements.txt", cwd=folder)
    (folder / "venv").symlink_to(environment.folder)
    return folder


@pytest.fixture
def installed_by_its_script(locked_scale, from_wheelhouse, tmp_path) -> Path:
    """A bundle with a lock, whose environment was made by the steps of its own `install.sh`."""
    folder = SystemdPacker(folder=str(tmp_path / "place")).pack(locked_scale, tmp_path / "place")
    steps = [line for line in (folder / "install.sh").read_text().splitlines() if re.match(r"python3|venv/", line)]
    variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path), **from_wheelhouse}
    done = subprocess.run(["sh", "-euc", "\n".join(steps)], cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@needs_systemd
def test_a_bundle_with_a_lock_is_installed_verified_and_served(installed_by_its_script, port, serving, asking):
    folder = installed_by_its_script
    units = [folder / "bento-scale.service", folder / "bento-scale.socket"]
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    command = ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", f"--setenv=HOME={folder}"]
    with serving([*command, *setting(units[0], "ExecStart").split()], port, {"PATH": os.environ["PATH"]}, Path("/")):
        assert asking(port, "/multiply", b"21") == (200, b"42.0")


@needs_systemd
def test_systemd_accepts_the_units_and_rates_them_as_hardened(installed):
    files = [installed / "bento-scale.service", installed / "bento-scale.socket"]
    checked = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    secure = ["systemd-analyze", "security", "--offline=yes", "--threshold=40", "--no-pager", files[0]]
    rated = subprocess.run(secure, capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout + rated.stderr


@needs_systemd
def test_the_unit_serves_on_the_socket_that_systemd_opens_and_notifies_systemd(installed, environment, port, serving, asking):
    unit, told = installed / "bento-scale.service", installed / "notify"
    assert setting(unit, "Type") == "notify"
    variables = [*setting(unit, "Environment").replace("%S", str(installed)).split(), f"NOTIFY_SOCKET={told}"]
    command = ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", *(f"--setenv={each}" for each in variables)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(told))
        with serving([*command, *setting(unit, "ExecStart").split()], port, environment.variables(), Path("/")):
            assert asking(port, "/multiply", b"21") == (200, b"42.0")
        assert [manager.recv(4096).partition(b"\n")[0] for _ in range(3)][1:] == [b"READY=1", b"STOPPING=1"]
