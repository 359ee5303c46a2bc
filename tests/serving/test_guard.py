"""A browser must not be made to drive a server on its user's machine."""

from __future__ import annotations

import pytest

import bento

pytestmark = pytest.mark.anyio


class Guarded(bento.Service):
    @bento.api
    def echo(self, value: dict):
        return value


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "127.0.0.1", "app.localhost"])
async def test_a_loopback_server_answers_to_loopback_names(serving, host):
    async with serving(Guarded(), local_address="127.0.0.1") as client:
        assert (await client.post("/echo", json={}, headers={"host": host})).status_code == 200


async def test_a_loopback_server_refuses_a_foreign_host_name(serving):
    async with serving(Guarded(), local_address="127.0.0.1") as client:
        response = await client.post("/echo", json={}, headers={"host": "rebound.example:3000"})
        page = await client.get("/", headers={"host": "rebound.example:3000"})
    detail = "this server does not answer for the host 'rebound.example': start it with --allowed-host rebound.example if it should"
    assert (response.status_code, response.json()["detail"], page.status_code) == (403, detail, 403)


@pytest.mark.parametrize("local_address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_a_loopback_server_is_guarded_under_every_spelling_of_its_address(serving, local_address):
    async with serving(Guarded(), local_address=local_address) as client:
        rebound = await client.post("/echo", json={}, headers={"host": "rebound.example:3000"})
        own = await client.post("/echo", json={}, headers={"host": "[::ffff:127.0.0.1]:3000"})
    assert (rebound.status_code, own.status_code) == (403, 200)


async def test_a_server_reached_from_outside_answers_to_any_name(serving):
    async with serving(Guarded(), local_address="10.0.0.7") as client:
        assert (await client.post("/echo", json={}, headers={"host": "models.example"})).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost:rebound", "localhost:3000@rebound.example", "[::1]@rebound.example:3000", "[::1]rebound", "[::1", "a b", "::1"]
)
@pytest.mark.parametrize("local_address", ["127.0.0.1", "10.0.0.7"])
async def test_an_invalid_host_is_refused_at_any_address_of_a_server(serving, local_address, host):
    async with serving(Guarded(), local_address=local_address) as client:
        response = await client.post("/echo", json={}, headers={"host": host})
    assert (response.status_code, response.json()["detail"]) == (400, f"expected a host such as 'localhost:3000', got {host!r}")


async def test_only_allowed_hosts_are_answered(serving):
    async with serving(Guarded(), local_address="127.0.0.1", allowed_hosts=["models.example"]) as client:
        assert (await client.post("/echo", json={}, headers={"host": "models.example"})).status_code == 200
        assert (await client.post("/echo", json={}, headers={"host": "localhost"})).status_code == 403


@pytest.mark.parametrize("serve", [bento.app, bento.serve])
def test_allowed_hosts_that_are_a_single_text_are_refused(serve):
    with pytest.raises(bento.ServerError) as caught:
        serve(Guarded(), allowed_hosts="models.example")
    assert str(caught.value) == "expected allowed_hosts to be names, such as ('models.example',), got 'models.example'"


@pytest.mark.parametrize("host", ["*", "", "models.example:3000", "https://models.example", "[::1]"])
def test_an_allowed_host_that_no_client_can_name_is_refused(host):
    with pytest.raises(bento.ServerError) as caught:
        bento.serve(Guarded(), allowed_hosts=["models.example", "::1", host])
    assert str(caught.value) == f"allowed host {host!r}: expected a name or an address without a port, like 'api.example.org'"


@pytest.mark.parametrize("host", ["10.0.0.7:3000", "backend", ""])
async def test_health_checks_are_answered_under_any_host_name(serving, host):
    async with serving(Guarded(), local_address="127.0.0.1", allowed_hosts=["models.example"]) as client:
        for path in ("/livez", "/readyz"):
            assert (await client.get(path, headers={"host": host})).status_code == 200
        assert (await client.get("/metrics", headers={"host": host})).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999", "http://[::1"])
async def test_a_page_of_another_site_cannot_call_an_api(serving, origin):
    async with serving(Guarded(), local_address="127.0.0.1") as client:
        response = await client.post("/echo", json={}, headers={"host": "localhost:3000", "origin": origin})
    assert response.status_code == 403


async def test_a_page_of_this_server_can_call_an_api(serving):
    async with serving(Guarded(), local_address="127.0.0.1") as client:
        headers = {"host": "localhost:3000", "origin": "http://localhost:3000"}
        assert (await client.post("/echo", json={}, headers=headers)).status_code == 200
