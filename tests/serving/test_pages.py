"""What a server shows beside its apis."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client import REGISTRY
from prometheus_client.registry import Collector

import bento
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter
from bento.serving import App, Limits, openapi
from bento.serving.lifecycle import Lifecycle
from bento.serving.logs import AccessLog

pytestmark = pytest.mark.anyio


class Shown(bento.Service):
    """Shows <script>alert(1)</script> & more."""

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), batch=True)
    def predict(self, rows):
        """Predict <b>classes</b>.

        Rows in, classes out.
        """
        return rows.sum(axis=1)

    @bento.api(input=TextAdapter(), output=JsonAdapter())
    def length(self, text):
        return len(text)

    @bento.api(input=BytesAdapter(), output=BytesAdapter())
    def copy(self, file):
        return file

    @bento.api(input=MultipartAdapter(image=BytesAdapter(), annotations=JsonAdapter()), output=JsonAdapter())
    def annotate(self, parts):
        return parts["annotations"]


def test_the_openapi_document_is_valid():
    OpenAPIV31SpecValidator(openapi(Shown())).validate()


def test_the_openapi_document_names_every_api_and_media_type():
    paths = openapi(Shown(), version="7")["paths"]
    assert list(paths) == ["/predict", "/length", "/copy", "/annotate"]
    assert list(paths["/predict"]["post"]["requestBody"]["content"]) == list(ArrayAdapter(shape=(None, 4), dtype="float64").media_types)
    assert paths["/predict"]["post"]["summary"] == "Predict <b>classes</b>."


async def test_the_document_is_served(serving):
    async with serving(Shown()) as client:
        assert (await client.get("/openapi.json")).json() == openapi(Shown())


async def test_the_index_lists_every_api_with_a_line_to_call_it(serving):
    async with serving(Shown()) as client:
        page = (await client.get("/")).text
    for api in Shown.apis:
        assert f"POST /{api}" in page
        assert f"http://testserver/{api}" in page
    assert "curl -H &#x27;Content-Type: application/json&#x27; -d" in page


async def test_the_index_escapes_everything_and_runs_nothing(serving):
    async with serving(Shown()) as client:
        response = await client.get("/")
    assert "<script>" not in response.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more." in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/livez", "/metrics", "/nowhere"])
async def test_every_page_repeats_the_requests_id(serving, path):
    async with serving(Shown()) as client:
        assert (await client.get(path, headers={"x-request-id": "abc"})).headers["x-request-id"] == "abc"


async def test_docs_leads_to_the_index(serving):
    async with serving(Shown()) as client:
        response = await client.get("/docs")
    assert (response.status_code, response.headers["location"]) == (307, "/")


async def test_a_server_that_is_up_is_alive_and_ready(serving):
    async with serving(Shown()) as client:
        live, ready = await client.get("/livez"), await client.get("/readyz")
    assert (live.status_code, live.text, ready.status_code, ready.text) == (200, "alive\n", 200, "ready\n")


async def test_metrics_count_requests_by_api_and_status(serving):
    async with serving(Shown()) as client:
        await client.post("/length", content=b"four", headers={"content-type": "text/plain"})
        await client.post("/length", content=b"{}", headers={"content-type": "application/json"})
        page = (await client.get("/metrics")).text
    assert 'bento_requests_total{api="length",status="200"} 1.0' in page
    assert 'bento_requests_total{api="length",status="415"} 1.0' in page
    assert 'bento_requests_in_flight{api="length"} 0.0' in page
    assert 'bento_batch_rows_bucket{api="length",le="1.0"} 1.0' in page


async def test_metrics_do_not_grow_with_paths_that_clients_make_up(serving):
    async with serving(Shown()) as client:
        await client.get("/first")
        before = (await client.get("/metrics")).text.count("\n")
        for number in range(300):
            await client.post(f"/made-up-{number}", json=1)
        after = (await client.get("/metrics")).text.count("\n")
    assert after == before


async def test_a_pages_wrong_method_is_a_405_problem(serving):
    async with serving(Shown()) as client:
        response = await client.post("/livez")
    assert (response.status_code, response.json()["detail"]) == (405, "/livez answers GET, HEAD, not POST")
    assert response.headers["allow"] == "GET, HEAD"


async def test_half_of_a_surrogate_pair_in_a_docstring_does_not_keep_the_index_from_being_shown(serving):
    def answer(self, value):
        return value

    # Python 3.13 compiles no docstring like that, but a program may still set it.
    answer.__doc__ = "Answer \ud83d, of which the other half is missing."
    Torn = type("Torn", (bento.Service,), {"answer": bento.api(input=JsonAdapter(), output=JsonAdapter())(answer)})  # noqa: N806

    async with serving(Torn()) as client:
        response = await client.get("/")
    assert response.status_code == 200
    assert "Answer ?, of which the other half is missing." in response.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", "/livez", 405)])
async def test_a_refusal_by_a_page_has_the_id_of_its_request(serving, method, path, status):
    async with serving(Shown()) as client:
        response = await client.request(method, path, headers={"x-request-id": "abc"})
    assert (response.status_code, response.json()["request_id"]) == (status, "abc")


@pytest.fixture
def broken_collector():
    """A metric of the service's own that cannot be collected."""

    class Broken(Collector):
        def collect(self):
            raise RuntimeError("the device is gone")
            yield

        def describe(self):
            return []

    broken = Broken()
    REGISTRY.register(broken)
    yield
    REGISTRY.unregister(broken)


async def test_a_page_that_raises_is_a_problem_a_line_in_the_access_log_and_one_traceback(broken_collector, capsys, caplog):
    app = App(Lifecycle(Shown, version="0", limits=Limits()), access_log=AccessLog)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        responses = [await client.get("/metrics", headers={"x-request-id": f"scrape-{number}"}) for number in range(3)]
        await asyncio.sleep(0)
    await app.lifecycle.stop()
    problem = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "request_id": "scrape-0"}
    problem["detail"] = "the service failed to answer; its log says why, under this request's id"
    assert responses[0].json() == problem
    assert responses[0].headers["content-type"] == "application/problem+json"
    assert re.findall(r"GET /metrics 500 \S+ (\S+)", capsys.readouterr().out) == ["scrape-0", "scrape-1", "scrape-2"]
    assert caplog.messages == [f"/metrics failed for request scrape-{number}: RuntimeError: the device is gone" for number in range(3)]
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False]


async def test_the_index_is_laid_out_for_the_width_of_the_screen_and_in_its_colours(serving):
    async with serving(Shown()) as client:
        page = (await client.get("/")).text
    assert '<meta name=viewport content="width=device-width">' in page
    assert "color-scheme:light dark" in page


def test_the_openapi_document_names_no_range_of_media_types_for_answers():
    paths = openapi(Shown())["paths"]
    assert list(paths["/copy"]["post"]["requestBody"]["content"]) == ["application/octet-stream", "*/*"]
    assert list(paths["/copy"]["post"]["responses"]["200"]["content"]) == ["application/octet-stream"]


def test_a_form_is_described_with_its_files_as_they_are_sent_and_the_types_of_its_parts():
    form = openapi(Shown())["paths"]["/annotate"]["post"]["requestBody"]["content"]["multipart/form-data"]
    image = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    assert form["schema"]["properties"]["image"] == image
    assert form["encoding"]["annotations"] == {"contentType": "application/json, application/msgpack, application/x-msgpack"}
    assert "example" not in form


def test_a_form_around_a_single_text_is_not_described_as_the_text():
    assert openapi(Shown())["paths"]["/length"]["post"]["requestBody"]["content"]["multipart/*"] == {}


def test_an_api_for_files_is_described_as_taking_and_giving_bytes():
    copy = openapi(Shown())["paths"]["/copy"]["post"]
    described = {"schema": {"type": "string", "format": "binary"}}
    assert copy["requestBody"]["content"] == {"application/octet-stream": described, "*/*": described}
    assert copy["responses"]["200"]["content"] == {"application/octet-stream": described}
