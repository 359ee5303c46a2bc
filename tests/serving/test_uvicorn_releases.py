"""The fast lane reaches into uvicorn, so a release that it is not tested with is served by the ordinary lane."""

from __future__ import annotations

import subprocess
import sys

import pytest

from running import PROGRAM, started

SERVICE = """
import bento
from bento.adapters import JsonAdapter

class Echo(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value):
        return value

service = Echo()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


def test_an_unknown_uvicorn_is_served_by_the_ordinary_lane_and_one_line_says_so(project):
    with started(project, f"import uvicorn\nuvicorn.__version__ = '99.0.0'\n{PROGRAM}") as server:
        assert server.ask("echo", [1]) == [1]
        assert server.stop() == 0
    assert [line for line in server.lines if "lane" in line] == [
        "uvicorn 99.0.0 is not one that the fast lane is tested with: using the ordinary lane\n"
    ]


def test_the_newest_uvicorn_serves_in_one_lane_or_the_other(project):
    newest = project / "newest"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", str(newest), "uvicorn"]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    with started(project, f"import sys\nsys.path.insert(0, {str(newest)!r})\n{PROGRAM}") as server:
        assert server.ask("echo", {"a": 1}) == {"a": 1}
        assert server.stop() == 0
