"""Golden examples: asked when a service is saved, and by every server before it is ready."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..bundle import Body, Golden
from ..errors import BadInput, DefinitionError, ExampleError
from ..example import BY_SERVICE, Example
from ..payload import Payload
from ..registry import installed
from .calls.pipeline import Pipeline, drive
from .calls.streaming import LINES
from .compare import difference, shown
from .offline import answer, ask, waits

if TYPE_CHECKING:
    from ..adapter import Adapter
    from ..api import Api
    from ..service import Service
    from .calls.answer import Answer
    from .calls.threads import Threads


def keep(service: Service, examples: Sequence[object]) -> list[Golden]:
    """The examples as a bundle holds them, after the service has been asked each of them.

    An example without an answer of its own is asked twice: a second answer that differs from the first is an ExampleError.
    """
    named = list(_named(_examples(service, examples)))
    service.setup()
    try:
        return [_keep(service, name, example) for name, example in named]
    finally:
        service.close()


async def check_examples(pipelines: Iterable[Pipeline], examples: Iterable[Golden], threads: Threads) -> None:
    """Ask a service that is about to be ready; the first example that does not hold is an ExampleError.

    An async api is called on this event loop, because its connections may be bound to the loop. Any other api is called in a thread.
    """
    apis = {pipeline.api.name: pipeline for pipeline in pipelines}
    for example in examples:
        pipeline = apis[example.api]
        asking = ask(pipeline, Payload.of(*example.request), _accept(example.answer))
        try:
            if waits(pipeline.api):
                got = await asking
            else:
                got = await threads.start(partial(drive, asking))
        except Exception as error:
            raise _failed(example, error) from error
        check_answer(example, body_of(got), pipeline.writer)


def check_answer(example: Golden, got: Body, writer: Adapter[Any] | None) -> None:
    """Compare an answer with that of an example; one that differs is an ExampleError."""
    found = difference(example.answer, got, writer, example.tolerance)
    if found:
        raise ExampleError(
            f"example {example.name!r} does not hold: {found} of what {example.api} answers to {shown(example.request)}: {shown(got)}"
        )


def body_of(reply: Answer) -> Body:
    """An answer as a bundle keeps it."""
    return Body(reply.body, reply.media_type)


def _failed(example: Golden, error: Exception) -> ExampleError:
    return ExampleError(
        f"example {example.name!r} does not hold: expected {shown(example.answer)} from {example.api} for {shown(example.request)}, "
        f"got {type(error).__name__}: {error}"
    )


def _examples(service: Service, given: Sequence[object]) -> Iterator[Example]:
    for example in given:
        if isinstance(example, Example):
            yield example
        elif len(service.apis) == 1:
            yield Example(next(iter(service.apis)), example)
        else:
            raise DefinitionError(
                f"{service.name} has the apis {', '.join(service.apis) or 'none'}: say which one an example is for, as in "
                "bento.Example('API', input)"
            )


def _named(examples: Iterable[Example]) -> Iterator[tuple[str, Example]]:
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for example in examples:
        counts[example.api] += 1
        name = example.name or f"{example.api}-{counts[example.api]}"
        if name.lower() in seen:
            raise DefinitionError(f"two examples are named {name!r}: give each a name of its own")
        seen.add(name.lower())
        yield name, example


def _keep(service: Service, name: str, example: Example) -> Golden:
    if example.api not in service.apis:
        raise DefinitionError(f"example {name!r} is for {example.api!r}: the apis of {service.name} are {', '.join(service.apis)}")
    api = service.apis[example.api]
    reader, writer = installed().adapters_of(api)
    request = _body(example.input, reader, f"the input of example {name!r}")
    accept = ""
    if example.answer is not BY_SERVICE:
        expected = _lines(service, api, example.answer) if api.is_stream else _answer(name, example.answer, writer)
        accept = _accept(expected)
    else:
        expected = _ask(service, name, example.api, request, accept)
    golden = Golden(name, example.api, request, expected, float(example.tolerance))
    got = _ask(service, name, example.api, request, accept)
    if example.answer is BY_SERVICE and difference(expected, got, writer, example.tolerance):
        raise ExampleError(f"example {name!r} cannot be kept: {example.api} answers it with {shown(expected)}, then with {shown(got)}")
    check_answer(golden, got, writer)
    return golden


def _ask(service: Service, name: str, api: str, request: Body, accept: str) -> Body:
    try:
        return body_of(answer(service, api, Payload.of(*request), accept))
    except Exception as error:
        verb = "refuses" if isinstance(error, BadInput) else "fails at"
        raise ExampleError(f"example {name!r} cannot be kept: {api} {verb} {shown(request)}: {type(error).__name__}: {error}") from error


def _answer(name: str, value: Any, writer: Adapter[Any] | None) -> Body:
    adapter = writer if writer or isinstance(value, Payload) else installed().adapter_for_value(value)
    return _body(value, adapter, f"the answer of example {name!r}")


def _lines(service: Service, api: Api, pieces: Any) -> Body:
    """The whole answer of an api that yields `pieces`, as JSON lines."""
    if isinstance(pieces, Payload):
        return _body(pieces, None, "")
    encode = Pipeline(service, api, installed()).writing.encode_json
    return Body(b"".join(encode(piece) + b"\n" for piece in pieces), LINES)


def _body(value: Any, adapter: Adapter[Any] | None, what: str) -> Body:
    if isinstance(value, Payload):
        default = adapter.media_types[0] if adapter else "application/octet-stream"
        return Body(bytes(value.data), value._replace(media_type=value.media_type or default).content_type)
    assert adapter is not None  # noqa: S101 - every value but a payload has one
    media_type = adapter.media_types[0]
    try:
        data = adapter.encode(value, media_type)
    except Exception as error:
        raise ExampleError(f"{what} cannot be written by {adapter!r}: {error}: give one that the api takes, or a bento.Payload") from error
    return Body(data, adapter.content_type(media_type, data))


def _accept(answer: Body) -> str:
    """The Accept header that asks for the media type of the expected answer."""
    return Payload.of(*answer).media_type
