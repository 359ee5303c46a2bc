"""AWS Lambda's side of a function: the runtime API that a real runtime interface client asks, and events as gateways write them."""

from __future__ import annotations

import base64
import json
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:iris"
HOST = "abc123.execute-api.eu-central-1.amazonaws.com"
_TEXTUAL = ("text/", "application/json", "application/javascript", "application/xml")


class FunctionFailed(Exception):
    """The error that the runtime reported instead of an answer."""


class _Api(BaseHTTPRequestHandler):
    """Source: AWS, "Using the Lambda runtime API for custom runtimes"."""

    server: Any

    def do_GET(self) -> None:
        waiting = self.server.events.get()
        if waiting is None:
            return
        request_id, event, seconds = waiting
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(round((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
        }
        self._send(200, event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.answers.put((self.path, json.loads(body)))
        self._send(202, b"{}", {})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log, because nobody reads it."""


class Sandbox:
    """A running function; one event at a time."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def invoke(self, event: object, seconds: float = 30.0) -> Any:
        """The function's answer to an event, for which it has `seconds`."""
        request_id = str(uuid.uuid4())
        self._server.events.put((request_id, json.dumps(event).encode(), seconds))
        path, answer = self._server.answers.get(timeout=60)
        if not path.endswith("/response"):
            raise FunctionFailed(answer["errorMessage"])
        assert request_id in path
        return answer


@contextmanager
def sandbox(folder: Path, python: Path | str = sys.executable, env: Mapping[str, str] | None = None) -> Iterator[Sandbox]:
    """A function's process, started as by its image, with `folder` in place of the root of its file system."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    server.events, server.answers = queue.Queue(), queue.Queue()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    variables = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "iris", **(env or {})}
    command = [python, "-m", "awslambdaric", "lambda_function.handler"]
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield Sandbox(server)
        finally:
            process.terminate()
            process.communicate()
            server.events.put(None)
            server.shutdown()
            serving.join()
            server.server_close()


def v1(path: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> dict[str, Any]:
    """The event of a REST API that takes every type for binary. Source: API Gateway, "Lambda proxy integrations"."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Host": HOST, **headers},
        "multiValueHeaders": {name: [value] for name, value in {"Host": HOST, **headers}.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {"stage": "prod", "path": f"/prod{path}", "httpMethod": method, "identity": {"sourceIp": "203.0.113.7"}},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def v2(path: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST", stage: str = "$default") -> dict[str, Any]:
    """The event of an HTTP API or a function URL. Source: API Gateway, "Lambda proxy integrations for HTTP APIs"."""
    raw = path if stage == "$default" else f"/{stage}{path}"
    http = {"method": method, "path": raw, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw,
        "rawQueryString": "",
        "headers": {"host": HOST, **{name.lower(): value for name, value in headers.items()}},
        "requestContext": {"stage": stage, "http": http, "domainName": HOST, "apiId": "abc123"},
        **_body(body, headers),
    }


def alb(path: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> dict[str, Any]:
    """The event of a load balancer. Source: Elastic Load Balancing, "Lambda functions as targets"."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/iris/1"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": {"host": "lb-1.eu-central-1.elb.amazonaws.com", **{name.lower(): value for name, value in headers.items()}},
        "body": "",
        "isBase64Encoded": False,
        **_body(body, headers),
    }


def _body(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Text as it is, everything else as base64."""
    given = {name.lower(): value for name, value in headers.items()}
    if not body:
        return {"isBase64Encoded": False}
    try:
        if "content-encoding" not in given and given.get("content-type", "").lower().startswith(_TEXTUAL):
            return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def body_of(answer: Mapping[str, Any]) -> bytes:
    """The body of an answer, as a client gets it."""
    body: str = answer["body"]
    return base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()


def headers_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """The headers of an answer, as a client gets them."""
    many = answer.get("multiValueHeaders") or {}
    return {**(answer.get("headers") or {}), **{name: ", ".join(values) for name, values in many.items()}}


EVENTS: Mapping[str, Callable[..., dict[str, Any]]] = {"v1": v1, "v2": v2, "alb": alb}
"""A request as an event, by whom it comes from."""
