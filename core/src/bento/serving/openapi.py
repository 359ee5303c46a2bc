"""The OpenAPI document of a service. Source: OpenAPI Specification 3.1, whose schemas are JSON Schema 2020-12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapters.multipart import MultipartAdapter
from ..docstring import docstring
from .calls.answer import PROBLEM
from .calls.negotiation import written
from .calls.streaming import MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..adapter import Adapter
    from ..service import Service
    from .calls.pipeline import Pipeline

_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}

# OpenAPI 3.1 needs no schema for bytes, but generators of clients look for this one of OpenAPI 3.0.
_BYTES = {"type": "string", "format": "binary"}

_REFUSALS = {
    400: "the body is malformed",
    413: "the body is larger than the limit",
    415: "the content type is not one that the api reads",
    422: "the body is well-formed, but not what the api takes",
    500: "the service failed",
    503: "the service has too much to do, or is not ready",
    504: "the deadline has passed",
}


def document(service: Service, pipelines: Iterable[Pipeline], version: str) -> dict[str, Any]:
    """The whole document; `version` is the bundle's."""
    description = docstring(type(service))
    return {
        "openapi": "3.1.0",
        "info": {"title": service.name, "version": version, **({"description": description} if description else {})},
        "paths": {pipeline.api.path: {"post": _operation(pipeline)} for pipeline in pipelines},
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA},
            "responses": {f"Refusal{status}": _refusal(reason) for status, reason in _REFUSALS.items()},
        },
    }


def _operation(pipeline: Pipeline) -> dict[str, Any]:
    api = pipeline.api
    summary, _, description = api.doc.partition("\n")
    answer: dict[str, Any] = {"description": "the answer"}
    if api.is_stream:
        answer["content"] = {media_type: {} for media_type in MEDIA_TYPES}
    elif pipeline.writer is not None:
        answer["content"] = _contents(pipeline.writer, written(pipeline.writer.media_types))
    return {
        "operationId": api.name,
        "summary": summary or api.name,
        "description": description.strip() or summary or api.name,
        "parameters": [*_parameters(), *map(_header, pipeline.reader.request_headers)],
        "requestBody": {"required": True, "content": content(pipeline.reader)},
        "responses": {"200": answer, **{str(status): {"$ref": f"#/components/responses/Refusal{status}"} for status in _REFUSALS}},
    }


def content(adapter: Adapter[Any]) -> dict[str, Any]:
    """Each media type that an adapter reads: with its schema if the body is JSON, msgpack or a form, otherwise as text or bytes."""
    return _contents(adapter, adapter.media_types)


def _contents(adapter: Adapter[Any], media_types: Iterable[str]) -> dict[str, Any]:
    schema = adapter.schema()
    examples = schema.get("examples")
    described: dict[str, Any] = {"schema": {key: value for key, value in schema.items() if key != "$schema"}}
    if isinstance(examples, list) and examples:
        described["example"] = examples[0]
    return {media_type: _content(adapter, media_type, described) for media_type in media_types}


def _content(adapter: Adapter[Any], media_type: str, described: dict[str, Any]) -> dict[str, Any]:
    if isinstance(adapter, MultipartAdapter):
        return _form(adapter, described)
    if media_type.endswith(("json", "msgpack")):
        return described
    if media_type.startswith("text/"):
        return {"schema": {"type": "string"}}
    is_file = "contentMediaType" in described["schema"] and not media_type.startswith("multipart/")
    return {"schema": _BYTES} if is_file else {}


def _form(adapter: MultipartAdapter, described: dict[str, Any]) -> dict[str, Any]:
    """A form as it is sent: files as bytes, without the base64 that stands for them in JSON, and the media types of its parts."""
    properties = {name: _part(schema) for name, schema in described["schema"]["properties"].items()}
    encoding = {name: {"contentType": ", ".join(_unwrapped(part.media_types))} for name, part in adapter.parts.items()}
    if properties == described["schema"]["properties"]:
        return {**described, "encoding": encoding}
    schema = {key: value for key, value in described["schema"].items() if key != "examples"}
    return {"schema": {**schema, "properties": properties}, "encoding": encoding}


def _part(schema: dict[str, Any]) -> dict[str, Any]:
    if "contentMediaType" not in schema:
        return schema
    return {**_BYTES, "contentMediaType": schema["contentMediaType"]}


def _unwrapped(media_types: Iterable[str]) -> Iterable[str]:
    return (media_type for media_type in media_types if not media_type.startswith("multipart/"))


def _parameters() -> list[dict[str, Any]]:
    return [
        {
            "name": "Request-Timeout",
            "in": "header",
            "required": False,
            "description": "seconds after which the client no longer wants the answer",
            "schema": {"type": "number", "exclusiveMinimum": 0},
        },
        {
            "name": "X-Request-Id",
            "in": "header",
            "required": False,
            "description": "an id for the request that its answer and the log repeat",
            "schema": {"type": "string", "maxLength": 128},
        },
    ]


def _header(name: str) -> dict[str, Any]:
    return {"name": name.title(), "in": "header", "required": False, "schema": {"type": "string"}}


def _refusal(reason: str) -> dict[str, Any]:
    return {"description": reason, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
