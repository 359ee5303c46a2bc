"""The base of the service kit: the methods that a service's author defines, and the checks that several tests share."""

from __future__ import annotations

import functools
import os
import shlex
import tempfile
import unittest
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import HealthCheck, Phase, configuration, given, settings
from hypothesis import strategies as st

from ..bundle import Body
from ..payload import Payload
from ..registry import installed
from ..serving import resolve
from ..serving.compare import difference
from ..serving.examples import keep
from ._requests import of, requests
from ._site import Asked, Reply, Site, site

if TYPE_CHECKING:
    from ..adapter import Adapter
    from ..api import Api
    from ..bundle import Bundle, Golden
    from ..example import Example
    from ..service import Service

_ADDRESS = "http://127.0.0.1:3000"
_INTERNAL = 500
_SUPPRESSED = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example)


class Refuted(AssertionError):
    """A check failed. `curl` is the smallest request found that shows the failure, as a command line."""

    def __init__(self, advice: str, *asked: Asked) -> None:
        self.advice = advice
        self.curl = "\n".join(map(curl, asked))
        super().__init__(f"{advice}\n{self.curl}" if asked else advice)


class ServiceChecks:
    """A service, and the requests that are sent to it."""

    tolerance: ClassVar[float] = 1e-4
    """How much numbers in two answers to the same request may differ, relative or absolute."""
    max_examples: ClassVar[int]

    def service(self) -> Service | Bundle | str | Path:
        """The service to test. It may also be a bundle, a tag or path of one, or `module:service`, as for `bento serve`."""
        raise NotImplementedError(f"{type(self).__name__}.service() is missing: return a service, a bundle, or a tag")

    def examples(self) -> Sequence[Example]:
        """Golden examples, in addition to those that a bundle contains."""
        return ()

    def requests(self, api: str) -> Sequence[Any] | st.SearchStrategy[Any] | None:
        """The requests to an api, as a list or a hypothesis strategy of values (what one request contains) or payloads.

        By default they are drawn from what the api's adapter declares.
        """
        return None

    def _loaded(self) -> tuple[Service, Sequence[Golden]]:
        """The service and its golden examples, found once for each test class."""
        return _load(type(self))  # type: ignore[arg-type]  # mypy checks the instances' hash on the class

    @contextmanager
    def _site(self) -> Iterator[Site]:
        with site(self._loaded()[0]) as found:
            yield found

    def _apis(self) -> list[Api]:
        return list(self._loaded()[0].apis.values())

    def _drawn(self, api: Api) -> st.SearchStrategy[Payload]:
        """Requests to an api: those of `requests()`, or else those that its adapter declares; and the golden examples."""
        reader, _ = adapters_of(api)
        golden = [Payload.of(*example.request) for example in self._loaded()[1] if example.api == api.name]
        kept = [st.sampled_from(golden)] if golden else []
        own = self.requests(api.name)
        if own is None:
            return st.one_of([requests(reader), *kept])
        if isinstance(own, st.SearchStrategy):
            return st.one_of([own.map(lambda value: of(reader, [value])[0]), *kept])
        return st.one_of([*([st.sampled_from(of(reader, own))] if len(own) else []), *kept])

    def _each(self, strategy: Callable[[Api], st.SearchStrategy[Any]], check: Callable[[Site, Api, Any], None]) -> None:
        """Check the values drawn for each api, all in one app. Apis for which nothing can be drawn are left out."""
        drawn = 0
        with self._site() as found:
            for api in self._apis():
                if not self._drawn(api).is_empty:
                    drawn += 1
                    self._many(strategy(api), lambda value, api=api: check(found, api, value))  # type: ignore[misc]
        if not drawn:
            raise unittest.SkipTest("no requests can be drawn for its apis: define requests(), or keep golden examples")

    def _many(self, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        @settings(
            max_examples=self.max_examples,
            deadline=None,
            phases=set(Phase) - {Phase.explain},
            report_multiple_bugs=False,
            suppress_health_check=_SUPPRESSED,
            **self._bounds(),
        )
        @given(value=strategy)
        def run(value: Any) -> None:
            check(value)

        run()

    def _bounds(self) -> dict[str, Any]:
        return {}

    def _differ(self, api: Api, one: Reply, other: Reply) -> str:
        if one.status != other.status:
            return f"expected {one.status}, got {other.status}"
        if one.status >= 400:  # noqa: PLR2004 - refusals contain the id of their request
            return ""
        return difference(Body(one.body, one.content_type), Body(other.body, other.content_type), adapters_of(api)[1], self.tolerance)


@functools.cache
def _load(tests: type[ServiceChecks]) -> tuple[Service, Sequence[Golden]]:
    checks = tests()
    target = resolve(checks.service())
    service = target.load()
    return service, [*target.examples(), *(keep(service, checks.examples()) if checks.examples() else ())]


@contextmanager
def without_traces() -> Iterator[None]:
    """Let hypothesis keep its files in a temporary folder, not in the current one, unless it was given a folder of its own."""
    if os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(None)


def adapters_of(api: Api) -> tuple[Adapter[Any], Adapter[Any] | None]:
    """The input adapter of an api, and its output adapter if it has one."""
    return installed().adapters_of(api)


def curl(asked: Asked) -> str:
    """The command line that sends a request to a server that runs with default options."""
    data = bytes(asked.payload.data)
    words = ["curl", f"{_ADDRESS}/{asked.api}"]
    if asked.method != "POST":
        words += ["-X", asked.method]
    if asked.payload.media_type:
        words += ["-H", f"Content-Type: {asked.payload.content_type}"]
    if asked.accept != "*/*":
        words += ["-H", f"Accept: {asked.accept}"]
    try:
        text = data.decode()
        is_plain = "\0" not in text and not text.startswith("@")
    except UnicodeDecodeError:
        is_plain = False
    if is_plain:
        return shlex.join([*words, "--data-binary", text])
    return f"echo {b64encode(data).decode()} | base64 -d | {shlex.join([*words, '--data-binary', '@-'])}"


def refute_fault(asked: Asked, reply: Reply) -> None:
    """Fail if the reply is a fault of the service."""
    if reply.status >= _INTERNAL:
        why = f" ({reply.fault})" if reply.fault else ""
        raise Refuted(
            f"{asked.api} answers {reply.status}{why} to a request that it says it takes: raise bento.InvalidInput for what it does not "
            "take, and declare what it does, as in JsonAdapter(schema=...)",
            asked,
        )
