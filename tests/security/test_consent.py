"""Whichever way a bundle from elsewhere comes: looking at it runs none of its code, and using it needs consent first."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from commands import BENTO

SERVICE = """
import os, pathlib
import bento
from bento.artifacts import PickleArtifact

if "CANARY" in os.environ:
    pathlib.Path(os.environ["CANARY"]).touch()

class Rose(bento.Service):
    model = PickleArtifact()

    @bento.api
    def ask(self, value):
        return self.model

if __name__ == "__main__":
    import sys
    bundle = bento.save(Rose(model=[1]), version="3")
    bento.store.pack(bundle, "archive", "site/rose.bento")
    bento.store.pack(bundle, "folder", "folder")
    bento.push(bundle, f"file://{pathlib.Path.cwd()}/remote")
"""
ROADS = ["unpacked", "pulled", "./folder", "file://{}/remote/rose:3", "file://{}/remote/rose", "{web}/rose.bento"]
LOOKING = [
    ["show", "{}"],
    ["show", "{}", "--json"],
    ["verify", "{}"],
    ["doctor", "{}", "--json"],
    ["diff", "{}", "{}"],
    ["pack", "{}", "docker", "image"],
    ["pack", "{}", "archive", "again.bento"],
]
USING = [["run", "{}", "ask", "--input", "1"], ["serve", "{}", "--port", "0"], ["check", "{}"], ["openapi", "{}"]]

Bento = Callable[..., subprocess.CompletedProcess[str]]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder and the web site of a stranger, who has made `rose:3`."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "site").mkdir()
    (folder / "rose.py").write_text(SERVICE)
    environ = {**os.environ, "BENTO_HOME": str(folder / "store"), "BENTO_DISABLE_PLUGINS": "*"}
    subprocess.run([sys.executable, "rose.py"], cwd=folder, env=environ, check=True)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder / "site")) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def bento(tmp_path) -> Bento:
    """Run `bento` as a user does, in a process that would leave `canary` if any code of the bundle ran in it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "BENTO_HOME": str(tmp_path / "home"), "CANARY": str(tmp_path / "canary"), "BENTO_DISABLE_PLUGINS": "*"}
        command = [str(BENTO), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=100)

    return run


def arrive(road: str, made: tuple[Path, str], bento: Bento, tmp_path: Path) -> str:
    """Bring the bundle here by a road, and return the name to use for it."""
    folder, web = made
    if road in ("unpacked", "pulled"):
        come = ("unpack", f"{folder}/site/rose.bento") if road == "unpacked" else ("pull", "rose:3", f"file://{folder}/remote")
        done = bento(*come)
        assert (done.returncode, done.stdout) == (0, "rose:3\n")
        assert done.stderr.startswith("its code may not run here yet: 'bento ")
        return "rose:3"
    (tmp_path / "folder").symlink_to(folder / "folder")
    return road.format(folder, web=web)


@pytest.mark.parametrize("road", ROADS)
def test_looking_at_a_bundle_runs_nothing_and_using_it_needs_consent(made, bento, tmp_path, road):
    target = arrive(road, made, bento, tmp_path)
    looking = LOOKING if road == "unpacked" else LOOKING[:1]
    for command in looking:
        done = bento(*(part.format(target) for part in command))
        assert done.returncode == 0, done.stderr
    for command in USING if road == "unpacked" else USING[:2]:
        done = bento(*(part.format(target) for part in command))
        # The exit status 1 of `bento check` says that the service was looked at and fell short.
        assert (done.returncode, done.stdout) == (2 if command[0] == "check" else 1, "")
        said = done.stderr[done.stderr.index("Error: ") :]
        assert said.startswith("Error: rose:3 was not made here: loading it would run its code\n  made with: bento-core ")
        assert "\n  code: rose:Rose\n  model that runs code: model, kept as 'pickle'\n  signature: none\n" in said
        assert done.stderr.endswith("to go on if you trust where it came from: --trust on the command line, trust=True in Python\n")
    assert not (tmp_path / "canary").exists()
    done = bento("run", target, "ask", "--input", "1", "--trust")
    assert (done.returncode, done.stdout) == (0, "[1]\n"), done.stderr
    assert (tmp_path / "canary").exists()


def test_consent_for_one_command_does_not_hold_for_the_next(made, bento, tmp_path):
    target = arrive("unpacked", made, bento, tmp_path)
    assert bento("run", target, "ask", "--input", "1", "--trust").returncode == 0
    assert bento("run", target, "ask", "--input", "1").returncode == 1


def test_consent_is_for_a_bundle_and_not_for_a_tag(made, bento, tmp_path):
    folder, _ = made
    assert bento("unpack", f"{folder}/site/rose.bento", "--trust").returncode == 0
    assert bento("run", "rose:3", "ask", "--input", "1").returncode == 0
    (tmp_path / "canary").unlink()
    place = tmp_path / "home/bundles/rose/3"
    manifest = place / "bento.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"labels": {}', '"labels": {"a": "b"}'))
    done = bento("run", "rose:3", "ask", "--input", "1")
    assert done.stderr.startswith("Error: rose:3 was not made here")
    assert not (tmp_path / "canary").exists()
