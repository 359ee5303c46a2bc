"""Unusual requests, which are answered as HTTP says."""

from __future__ import annotations

import pytest

from client import Connection, post, request
from echo import write_app
from running import started


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    project = tmp_path_factory.mktemp("project")
    write_app(project)
    with started(project) as server:
        yield server


def asked(server, data: bytes):
    with Connection(server.port) as connection:
        return connection.ask(data)


def detail(answer) -> str:
    return answer.body.decode().partition('"detail":"')[2].partition('","request_id"')[0]


@pytest.mark.parametrize("target", ["http://localhost/predict", "HTTP://localhost:3000/predict?a=b"])
def test_a_target_in_absolute_form_is_answered_as_its_path(server, target):
    answer = asked(server, post(target, b"7"))
    assert (answer.status, answer.body) == (200, b"7")


@pytest.mark.parametrize("target", ["http://localhost", "http://localhost?a=b"])
def test_a_target_in_absolute_form_without_a_path_is_the_root(server, target):
    answer = asked(server, request("GET", target))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Traceback" not in server.said


@pytest.mark.parametrize("target", ["http://", "http://:80/predict", "http:///predict"])
def test_a_target_in_absolute_form_without_a_host_is_malformed(server, target):
    answer = asked(server, post(target))
    assert (answer.status, detail(answer)) == (400, "the request is malformed: expected HTTP/1.1")


def test_a_target_in_absolute_form_names_the_host(server):
    answer = asked(server, post("http://example.org/predict"))
    assert answer.status == 403
    assert "this server does not answer for the host 'example.org'" in detail(answer)


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_a_target_in_absolute_form_with_a_user_is_malformed(server, version):
    answer = asked(server, post("http://user@localhost/predict").replace(b"HTTP/1.1", version))
    assert (answer.status, detail(answer)) == (400, "expected a host such as 'localhost:3000', got 'user@localhost'")


def test_a_target_in_absolute_form_replaces_the_host_header_for_an_old_client_only(server):
    foreign, own = (post(f"http://{host}/predict", host=None) for host in ("example.org", "localhost"))
    assert [asked(server, data.replace(b"HTTP/1.1", b"HTTP/1.0")).status for data in (foreign, own)] == [403, 200]
    assert detail(asked(server, own)) == "expected one Host header, got none"


def test_a_target_that_is_too_long_is_414(server):
    answer = asked(server, request("GET", f"/{'a' * 65_535}"))
    assert (answer.status, detail(answer)) == (414, "the target is longer than 65535 bytes")


def test_a_target_that_is_refused_behind_other_requests_leaves_no_fault_behind(tmp_path):
    write_app(tmp_path)
    with started(tmp_path) as server:
        with Connection(server.port) as connection:
            connection.send(post("/predict", b"7") + request("GET", f"/{'a' * 65_535}"))
            assert [connection.answer().status for _ in range(2)] == [200, 414]
        assert server.stop() == 0
        assert "Traceback" not in server.said


@pytest.mark.parametrize("origin", [None, "http://localhost"], ids=["fast lane", "ordinary lane"])
@pytest.mark.parametrize(("line", "count"), [(b"", "none"), (b"host: localhost\r\nHost: localhost\r\n", "2")])
def test_a_request_without_exactly_one_host_header_is_refused(server, origin, line, count):
    answer = asked(server, post("/predict", origin=origin).replace(b"host: 127.0.0.1\r\n", line))
    assert (answer.status, detail(answer)) == (400, f"expected one Host header, got {count}")


@pytest.mark.parametrize("origin", [None, "http://localhost:evil"], ids=["fast lane", "ordinary lane"])
def test_an_invalid_host_is_malformed(server, origin):
    answer = asked(server, post("/predict", origin=origin, host="localhost:evil"))
    assert (answer.status, detail(answer)) == (400, "expected a host such as 'localhost:3000', got 'localhost:evil'")


def test_health_checks_and_old_clients_need_no_host_header(server):
    assert asked(server, request("GET", "/livez", host=None)).status == 200
    assert asked(server, post("/predict", host=None).replace(b"HTTP/1.1", b"HTTP/1.0")).status == 200


def test_an_old_client_is_not_told_to_continue(server):
    assert asked(server, post("/predict", b"7", expect="100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")).status == 200
