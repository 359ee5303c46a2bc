"""The kit for services: the rules that every endpoint has to keep."""

from __future__ import annotations

import json
import unittest
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..adapter import reads
from ..bundle import Body
from ..errors import ExampleError
from ..payload import Payload, parse_content_type
from ..serving.examples import check_answer
from ._kit import Kit
from ._service import Refuted, ServiceChecks, adapters_of, refute_fault
from ._site import Asked

if TYPE_CHECKING:
    from ..api import Api
    from ._site import Reply, Site

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_MOST_AT_ONCE = 6


class ServiceTests(ServiceChecks, Kit, kit=True):
    """Tests for one service::

        class TestIris(ServiceTests):
            def service(self):
                return Iris(model=fitted)       # or a bundle, or its tag

    The apis get the requests that their adapters declare, in an app in this process. Define `requests(api)` to send other requests,
    `examples()` to add golden examples, and `tolerance` to set how much numbers may differ.
    """

    def test_the_golden_examples_hold(self) -> None:
        """The answers equal those of the golden examples, within the tolerance of each example."""
        service, examples = self._loaded()
        if not examples:
            raise unittest.SkipTest("it has no golden examples: keep some with bento.save(service, examples=[...])")
        with self._site() as site:
            for example in examples:
                asked = Asked(example.api, Payload.of(*example.request), Payload.of(*example.answer).media_type)
                (reply,) = site.ask(asked)
                self._check_golden(example, asked, reply, service)

    def test_no_request_makes_it_fail(self) -> None:
        """Every request that an api declares is answered or refused, but never with a 5xx status."""

        def check(site: Site, api: Api, payload: Payload) -> None:
            asked = Asked(api.name, payload)
            refute_fault(asked, *site.ask(asked))

        self._each(self._drawn, check)

    def test_requests_at_once_are_answered_as_each_alone(self) -> None:
        """Batching and concurrent calls do not change any answer."""

        def check(site: Site, api: Api, payloads: list[Payload]) -> None:
            asked = [Asked(api.name, payload) for payload in payloads]
            alone = [site.ask(each)[0] for each in asked]
            again = [site.ask(each)[0] for each in asked]
            if any(self._differ(api, one, other) for one, other in zip(alone, again, strict=True)):
                raise unittest.SkipTest(f"{api.name} answers one request differently every time")
            for each, one, other in zip(asked, alone, site.ask(*asked), strict=True):
                found = self._differ(api, one, other)
                if found:
                    raise Refuted(
                        f"{api.name} answers {len(asked)} requests at once differently from each alone: {found}: let a row depend on "
                        "nothing but itself, and keep nothing on the service",
                        each,
                        *(any_other for any_other in asked if any_other is not each),
                    )

        self._each(lambda api: st.lists(self._drawn(api), min_size=2, max_size=_MOST_AT_ONCE), check)

    def test_answers_are_what_openapi_says(self) -> None:
        """The status, content type and schema of each answer are those that /openapi.json declares."""

        def check(site: Site, api: Api, drawn: tuple[Payload, str]) -> None:
            asked = Asked(api.name, *drawn)
            (reply,) = site.ask(asked)
            _check_declared(site, asked, reply)

        self._each(lambda api: st.tuples(self._drawn(api), st.sampled_from(["*/*", _JSON])), check)

    def test_what_is_malformed_is_refused(self) -> None:
        """An unknown media type, a truncated document and an invalid method each get a status below 500 and a reason."""
        with self._site() as site:
            for api in self._apis():
                for asked, statuses in _malformed(api):
                    (reply,) = site.ask(asked)
                    if reply.status not in statuses:
                        expected = " or ".join(map(str, sorted(statuses)))
                        raise Refuted(f"{api.name} answers {reply.status} to a malformed request: expected {expected}", asked)

    def test_the_schemas_are_valid_and_the_example_shown_is_answered(self) -> None:
        """The example request that /docs shows is answered with status 200."""
        with self._site() as site:
            for api in self._apis():
                for schema in _schemas(site, api):
                    _check_schema(api, schema)
                example = site.openapi["paths"][api.path]["post"]["requestBody"]["content"].get(_JSON, {}).get("example", {})
                if example == {}:
                    continue
                asked = Asked(api.name, Payload(json.dumps(example).encode(), _JSON))
                (reply,) = site.ask(asked)
                refute_fault(asked, reply)
                if reply.status != 200:  # noqa: PLR2004 - all went well
                    raise Refuted(f"{api.name} refuses the example that /docs shows: give its adapter one that it takes", asked)

    def _check_golden(self, example: Any, asked: Asked, reply: Reply, service: Any) -> None:
        if reply.status != 200:  # noqa: PLR2004 - all went well
            raise Refuted(f"example {example.name!r} does not hold: {reply.status}, {reply.fault or reply.body.decode()}", asked)
        try:
            check_answer(example, Body(reply.body, reply.content_type), adapters_of(service.apis[example.api])[1])
        except ExampleError as error:
            raise Refuted(str(error), asked) from error


def _malformed(api: Api) -> list[tuple[Asked, set[int]]]:
    reader, _ = adapters_of(api)
    found = [(Asked(api.name, Payload(b""), method="GET"), {405})]
    if not reads(reader.media_types, "application/x-unheard-of"):
        found.append((Asked(api.name, Payload(b"?", "application/x-unheard-of")), {415}))
    if _JSON in reader.media_types:
        found += [(Asked(api.name, Payload(body, _JSON)), {400, 422}) for body in (b"", b"[", b"\xff", b"[NaN]")]
    return found


def _schemas(site: Site, api: Api) -> list[Any]:
    operation = site.openapi["paths"][api.path]["post"]
    contents = [operation["requestBody"].get("content", {}), operation["responses"]["200"].get("content", {})]
    return [described["schema"] for content in contents for described in content.values() if "schema" in described]


def _check_schema(api: Api, schema: Any) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Refuted(f"a schema of {api.name} is not a JSON Schema of 2020-12: {error.message}") from error


def _check_declared(site: Site, asked: Asked, reply: Reply) -> None:
    declared = site.openapi["paths"][f"/{asked.api}"]["post"]["responses"]
    if str(reply.status) not in declared:
        raise Refuted(f"{asked.api} answers {reply.status}, which /openapi.json does not declare: it has {', '.join(declared)}", asked)
    media_type, _ = parse_content_type(reply.content_type)
    if reply.status != 200:  # noqa: PLR2004 - all went well
        if media_type != _PROBLEM:
            raise Refuted(f"{asked.api} answers {reply.status} as {media_type!r}: expected {_PROBLEM!r}", asked)
        return
    content = declared["200"].get("content")
    if content is None:
        return
    if not reads(tuple(content), media_type):
        raise Refuted(f"{asked.api} answers as {media_type!r}: /openapi.json declares {', '.join(content)}", asked)
    schema = content.get(media_type, {}).get("schema")
    if schema is not None and media_type == _JSON:
        _check_fits(asked, reply, schema)


def _check_fits(asked: Asked, reply: Reply, schema: Any) -> None:
    from jsonschema import Draft202012Validator, ValidationError

    answer = json.loads(reply.body)
    try:
        Draft202012Validator(schema).validate(answer)
    except ValidationError as error:
        raise Refuted(
            f"{asked.api} answers {reply.body.decode()[:200]}, which its schema does not allow: {error.message} - at {error.json_path}: "
            "declare what it answers, with the output's adapter",
            asked,
        ) from error
