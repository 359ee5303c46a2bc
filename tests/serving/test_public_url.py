"""Where clients find a server that is behind a proxy: on its pages, in its documents, and in requests that the proxy passes on."""

from __future__ import annotations

from html import unescape

import httpx
import pytest

from bento.errors import ServerError
from bento.serving.address import Address
from client import Connection, post, request
from echo import write_app
from running import started

URL = "https://api.example.org/models/echo"
HOST = {"host": "api.example.org"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    project = tmp_path_factory.mktemp("public")
    write_app(project)
    with started(project, public_url=f"{URL}/", aliases={"/ping": "/readyz"}) as server:
        with httpx.Client(base_url=server.url, headers=HOST, timeout=60) as client:
            yield client
        assert server.stop() == 0


both_ways = pytest.mark.parametrize("prefix", ["", "/models/echo"], ids=["taken away by the proxy", "passed on"])


@both_ways
@pytest.mark.parametrize("headers", [{}, {"content-encoding": "identity"}], ids=["fast lane", "ordinary lane"])
def test_an_api_answers_with_and_without_the_prefix(client, prefix, headers):
    answer = client.post(f"{prefix}/predict", json=[1, 2], headers=headers)
    assert (answer.status_code, answer.json()) == (200, [1, 2])
    assert client.post(f"{prefix}/count", json=2, headers=headers).text == "0\n1\n"


@both_ways
def test_the_pages_name_the_public_url_and_link_within_it(client, prefix):
    page = unescape(client.get(f"{prefix}/").text)
    assert f"{URL}/predict" in page
    assert '<a href="/models/echo/openapi.json">' in page
    assert client.get(f"{prefix}/docs").headers["location"] == "/models/echo/"
    assert [client.get(f"{prefix}{path}").text for path in ("/readyz", "/ping")] == ["ready\n"] * 2
    assert client.get(f"{prefix}/nowhere").status_code == 404


@both_ways
def test_the_openapi_document_says_where_the_server_is(client, prefix):
    assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": URL}]


@both_ways
def test_a_path_with_a_trailing_slash_is_not_redirected(client, prefix):
    """Behind a proxy, a server does not know the path and the scheme to redirect to."""
    answer = client.get(f"{prefix}/metrics/")
    assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_the_prefix_alone_is_the_index_page(client):
    assert client.get("/models/echo").text == client.get("/").text


@pytest.mark.parametrize("path", ["/models/echoes/predict", "/models/predict", "/models/echo/models/echo/predict", "/models/echo//predict"])
def test_a_path_that_only_resembles_the_prefix_is_404(client, path):
    assert client.post(path, json=1).status_code == 404


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://api.example.org/v1", "/v1/models/echo:predict"),
        ("https://api.example.org/v1", "/v1/readyz"),
        ("https://api.example.org/predict", "/predict"),
        ("https://api.example.org/predict", "/predict/predict"),
    ],
)
def test_a_path_of_the_server_that_begins_with_the_prefix_is_answered_on_both_lanes(tmp_path, url, path):
    write_app(tmp_path)
    aliases = {"/v1/models/echo:predict": "/predict", "/v1/readyz": "/predict"}
    with started(tmp_path, public_url=url, aliases=aliases) as server:
        answers = [
            httpx.post(f"{server.url}{path}", json=1, headers=headers, timeout=60) for headers in ({}, {"content-encoding": "identity"})
        ]
        assert [(answer.status_code, answer.text) for answer in answers] == [(200, "1")] * 2
        assert server.stop() == 0


def test_requests_for_the_public_host_and_for_loopback_names_are_answered(client):
    assert client.post("/predict", json=1, headers={"host": "API.example.org:443"}).status_code == 200
    assert client.post("/predict", json=1, headers={"host": "localhost"}).status_code == 200
    assert client.post("/predict", json=1, headers={"host": "evil.example"}).status_code == 403
    origin = {"origin": "https://api.example.org"}
    assert client.post("/predict", json=1, headers=origin).status_code == 200
    assert client.post("/predict", json=1, headers={"origin": "https://evil.example"}).status_code == 403


def test_a_public_host_and_an_allowed_one_may_be_written_in_capitals(tmp_path):
    write_app(tmp_path)
    with started(tmp_path, public_url="https://API.example.org", allowed_hosts=["Models.example.org"]) as server:
        for headers in ({}, {"content-encoding": "identity"}):
            for host, status in {"api.example.org": 200, "models.EXAMPLE.org": 200, "localhost": 403}.items():
                assert httpx.post(f"{server.url}/predict", json=1, headers={**headers, "host": host}, timeout=60).status_code == status
        assert server.stop() == 0


def test_the_access_log_has_paths_without_the_prefix(tmp_path):
    write_app(tmp_path)
    with started(tmp_path, public_url=URL) as server:
        with Connection(server.port) as connection:
            assert connection.ask(post("/models/echo/predict", host="api.example.org")).status == 200
            assert connection.ask(request("GET", "/models/echo/livez")).status == 200
        assert server.stop() == 0
        assert [line.split()[1:4] for line in server.output.splitlines()] == [["POST", "/predict", "200"], ["GET", "/livez", "200"]]


def test_without_a_public_url_the_document_names_no_server(tmp_path):
    write_app(tmp_path)
    with started(tmp_path) as server:
        assert "servers" not in httpx.get(f"{server.url}/openapi.json", timeout=60).json()
        assert f"{server.url}/predict" in unescape(httpx.get(server.url, timeout=60).text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", Address()),
        ("https://API.example.org", Address("https://API.example.org", "api.example.org")),
        ("http://[::1]:8080/", Address("http://[::1]:8080", "::1")),
        (f"{URL}//", Address(URL, "api.example.org", "/models/echo")),
    ],
)
def test_a_public_url_is_a_scheme_a_host_and_a_path(text, address):
    assert Address.read(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "api.example.org",
        "/models/echo",
        "ftp://api.example.org",
        "https://",
        "https://a.example:port",
        "https://me@a.example/",
        "https://a.example/?x=1",
        "https://a.example/#top",
        "https://[a.example",
        "https://a b/",
        "https://a.example\\@b.example",
        'https://a".example',
        "https://a.example/a\n",
    ],
)
def test_an_invalid_public_url_is_refused(text):
    with pytest.raises(ServerError) as refused:
        Address.read(text)
    assert str(refused.value) == f"public URL {text!r}: expected one like 'https://api.example.org/models/iris'"


@pytest.mark.parametrize("path", ["/a b", "/%20", '/"onload="', "/a//b"])
def test_a_public_url_with_an_invalid_path_is_refused(path):
    with pytest.raises(ServerError) as refused:
        Address.read(f"https://a.example{path}")
    expected = f"expected a path of letters, digits and any of '-._~:@', got {path!r}"
    assert str(refused.value) == f"public URL {f'https://a.example{path}'!r}: {expected}"
