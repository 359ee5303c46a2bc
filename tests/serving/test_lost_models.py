"""An error by which a process loses its model, for example because a GPU's context is gone: another process takes over."""

from __future__ import annotations

import httpx
import pytest

from running import started

SERVICE = """
import bento
from bento.adapters import JsonAdapter
from bento.artifacts import JsonArtifact

class FragileArtifact(JsonArtifact):
    def is_lost(self, error):
        return isinstance(error, ZeroDivisionError)

class Fragile(bento.Service):
    whole = JsonArtifact()
    model = FragileArtifact()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def divide(self, value):
        return self.model / value

    @bento.api(input=JsonAdapter())
    def count(self, value):
        yield self.model / value

service = Fragile(whole=1, model=6)
"""
REASON = "the model 'model' is lost to this process: ZeroDivisionError: division by zero"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


@pytest.mark.parametrize("api", ["divide", "count"])
def test_a_server_of_one_process_that_loses_its_model_ends_with_the_error(project, api):
    with started(project) as server:
        assert httpx.post(f"{server.url}/{api}", json=0, timeout=60).status_code == 500
        server.wait_for(REASON)
        assert server.process.wait(30) == 1


def test_a_worker_that_loses_its_model_is_replaced(project):
    with started(project, workers=2) as server:
        assert server.ask("divide", 0)["status"] == 500
        server.wait_for(REASON)
        server.wait_for(r"worker \d+ ended with status 1: starting another")
        assert server.ask("divide", 2) == 3
        assert server.stop() == 0


def test_an_error_that_does_not_lose_the_model_ends_no_process(project):
    with started(project) as server:
        assert server.ask("divide", "two")["status"] == 500
        assert server.ask("divide", 2) == 3
        assert server.stop() == 0
