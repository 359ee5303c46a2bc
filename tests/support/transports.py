"""The ways in which a request comes in. The tests of tests/wire and of plugins' adapters use each way in TRANSPORTS."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, ClassVar

import httpx
import pytest
from click.testing import CliRunner

import lambdas
from bento.cli import bento as command_line
from bento.packers import LambdaPacker
from bento.serving import import_service
from bento.store import Store
from running import started

FORM = 'multipart/form-data; boundary="XyZ"'
COMPRESSIONS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "gzip": gzip.compress,
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "deflate without a header": lambda data: zlib.compress(data, wbits=-15),
    }
)


@dataclass(frozen=True)
class Sent:
    """One request as a client of BentoML 0.13 sends it."""

    api: str
    body: bytes
    content_type: str = ""


class Refused(Exception):
    """A request was not answered; `status` is that of HTTP, or None if the transport has no status."""

    def __init__(self, status: int | None, said: str) -> None:
        super().__init__(said)
        self.status = status


class Transport(ABC):
    """A way to the service in the `app.py` of the folder `project`."""

    @classmethod
    @abstractmethod
    @contextmanager
    def to(cls, project: Path) -> Iterator[Transport]:
        """Make the service reachable until the end of the block."""

    @abstractmethod
    def ask(self, sent: Sent) -> bytes:
        """The body of the answer to a request; if there is none, Refused is raised."""

    def value(self, sent: Sent) -> Any:
        """The answer, read as JSON."""
        return json.loads(self.ask(sent))


class Http(Transport):
    """A real server on a socket."""

    compresses: ClassVar[bool] = True

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    @classmethod
    @contextmanager
    def to(cls, project: Path) -> Iterator[Transport]:
        with started(project, max_body=100_000, access_log=False) as server, httpx.Client(base_url=server.url, timeout=30) as client:
            yield cls(client)

    def post(self, sent: Sent, body: bytes | Iterator[bytes] | None = None, **headers: str) -> httpx.Response:
        """The whole response; `body` is what is sent instead, such as the same compressed or in chunks."""
        given = {"content-type": sent.content_type} if sent.content_type else {}
        return self.client.post(f"/{sent.api}", content=sent.body if body is None else body, headers={**given, **headers})

    def ask(self, sent: Sent) -> bytes:
        response = self.post(sent)
        if response.status_code != 200:
            raise Refused(response.status_code, response.json()["detail"])
        return response.content


class CommandLine(Transport):
    """`bento run`, with the body in a file."""

    def __init__(self, project: Path) -> None:
        self._project = project

    @classmethod
    @contextmanager
    def to(cls, project: Path) -> Iterator[Transport]:
        yield cls(project)

    def run(self, *arguments: str, stdin: bytes = b"") -> Any:
        """The result of `bento run` with the service."""
        with chdir(self._project):
            return CliRunner().invoke(command_line, ["run", "app:service", *arguments], input=io.BytesIO(stdin), prog_name="bento")

    def ask(self, sent: Sent) -> bytes:
        (self._project / "body").write_bytes(sent.body)
        content_type = ["--content-type", sent.content_type] if sent.content_type else []
        done = self.run(sent.api, "--input-file", "body", *content_type)
        if done.exit_code != 0:
            raise Refused(None, done.stderr.removeprefix("item 1 (body): ").strip())
        return done.stdout_bytes


class Lambda(Transport):
    """A packed function of AWS Lambda under the runtime of its image, called by an HTTP API."""

    event: ClassVar[Callable[..., dict[str, Any]]] = staticmethod(lambdas.v2)

    def __init__(self, function: lambdas.Sandbox) -> None:
        self._function = function

    @classmethod
    @contextmanager
    def to(cls, project: Path) -> Iterator[Transport]:
        with TemporaryDirectory() as place, chdir(project):
            bundle = Store(Path(place, "store")).save(import_service("app:service"))
            folder = LambdaPacker().pack(bundle, Path(place, "function"))
            with lambdas.sandbox(folder) as function:
                yield cls(function)

    def post(self, sent: Sent, body: bytes | None = None, **headers: str) -> dict[str, Any]:
        """The whole answer; `body` is what is sent instead, such as the same compressed."""
        given = {"content-type": sent.content_type} if sent.content_type else {}
        return self._function.invoke(self.event(f"/{sent.api}", sent.body if body is None else body, {**given, **headers}))

    def ask(self, sent: Sent) -> bytes:
        answer = self.post(sent)
        body = lambdas.body_of(answer)
        if answer["statusCode"] != 200:
            raise Refused(answer["statusCode"], json.loads(body)["detail"])
        return body


class LambdaRest(Lambda):
    """The same, called by a REST API."""

    event = staticmethod(lambdas.v1)


class LambdaBalanced(Lambda):
    """The same, called by a load balancer."""

    event = staticmethod(lambdas.alb)


TRANSPORTS: tuple[type[Transport], ...] = (Http, CommandLine, Lambda, LambdaRest, LambdaBalanced)


@contextmanager
def ways_to(project: Path) -> Iterator[Callable[[type[Transport]], Transport]]:
    """A function that gives the way to a service by a transport; a way is opened when it is first asked for."""
    ways: dict[type[Transport], Transport] = {}
    with ExitStack() as stack:

        def way(kind: type[Transport]) -> Transport:
            if kind not in ways:
                ways[kind] = stack.enter_context(kind.to(project))
            return ways[kind]

        yield way
    sys.modules.pop("app", None)
    importlib.invalidate_caches()


def form(*parts: tuple[str, str | None, str | None, bytes]) -> bytes:
    """A form as curl writes one, with the type FORM: parts of (name, filename or None, content type or None, data)."""
    lines = []
    for name, filename, content_type, data in parts:
        disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
        lines += [b"--XyZ", disposition.encode(), *([f"Content-Type: {content_type}".encode()] if content_type else []), b"", data]
    return b"\r\n".join([*lines, b"--XyZ--", b""])


def reach_of(app: str) -> Any:
    """A fixture: a function that gives each way to the service with this source; its scope is a module of tests."""

    @pytest.fixture(scope="module")
    def reach(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[type[Transport]], Transport]]:
        folder = tmp_path_factory.mktemp("reached")
        (folder / "app.py").write_text(app)
        with ways_to(folder) as reach:
            yield reach

    return reach


def each_transport() -> Any:
    """A fixture: each of TRANSPORTS in turn, as the fixture `reach` gives it."""

    @pytest.fixture(params=TRANSPORTS, ids=lambda kind: kind.__name__)
    def transport(request: pytest.FixtureRequest, reach: Callable[[type[Transport]], Transport]) -> Transport:
        return reach(request.param)

    return transport
