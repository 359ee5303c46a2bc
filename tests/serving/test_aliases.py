"""Aliases: further paths at which apis and pages answer, on both lanes."""

from __future__ import annotations

import httpx
import pytest

from bento.errors import ServerError
from bento.serving import Limits
from bento.serving.lifecycle import Lifecycle
from echo import Echo, write_app
from running import started

ALIASES = {"/invocations": "/predict", "/v1/models/echo:predict": "/predict", "/ping": "/readyz", "/stream": "/count"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    project = tmp_path_factory.mktemp("aliases")
    write_app(project)
    with started(project, aliases=ALIASES) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
        assert server.stop() == 0


@pytest.mark.parametrize("path", ["/invocations", "/v1/models/echo:predict", "/predict"])
@pytest.mark.parametrize("headers", [{}, {"content-encoding": "identity"}], ids=["fast lane", "ordinary lane"])
def test_an_api_answers_at_each_of_its_paths(client, path, headers):
    answer = client.post(path, json=[1, 2], headers=headers)
    assert (answer.status_code, answer.json()) == (200, [1, 2])


def test_a_stream_answers_at_each_of_its_paths(client):
    assert client.post("/stream", json=3).text == client.post("/count", json=3).text == "0\n1\n2\n"


def test_a_page_answers_at_each_of_its_paths(client):
    assert client.get("/ping").text == client.get("/readyz").text == "ready\n"


def test_a_wrong_method_is_refused_as_at_the_path_itself(client):
    answer = client.get("/invocations")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.post("/ping").status_code == 405


def test_requests_to_an_alias_are_counted_under_the_name_of_the_api(client):
    client.post("/invocations", json=1)
    page = client.get("/metrics").text
    assert 'api="predict"' in page
    assert "invocations" not in page


@pytest.mark.parametrize(
    ("alias", "path", "reason"),
    [
        ("invocations", "/predict", "expected a path like '/invocations'"),
        ("/a b", "/predict", "expected a path like '/invocations'"),
        ("/predict", "/readyz", "an api or a page has that path already, choose another"),
        ("/livez", "/predict", "an api or a page has that path already, choose another"),
        (
            "/invocations",
            "/score",
            "nothing has that path, expected one of /predict, /count, /, /docs, /openapi.json, /livez, /readyz, /metrics",
        ),
    ],
)
@pytest.mark.anyio
async def test_an_impossible_alias_is_an_error_in_a_sentence(alias, path, reason):
    lifecycle = Lifecycle(Echo, version="1", limits=Limits(), aliases={alias: path})
    with pytest.raises(ServerError) as caught:
        await lifecycle.start()
    assert str(caught.value) == f"alias {alias!r} of {path!r}: {reason}"
    await lifecycle.stop()
