"""Apis: the methods of a service that answer requests, and what an api can learn about a request."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints, overload

from .docstring import docstring
from .errors import DefinitionError

if TYPE_CHECKING:
    from .adapter import Adapter

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__bento_api__"
_RESERVED = frozenset({"docs", "livez", "metrics", "readyz"})


@dataclass(frozen=True, slots=True)
class Batch:
    """How concurrent requests are answered by one call: it takes those that are waiting when it can start, up to `size` rows.

    `wait` is how many seconds a request may be held back for others to join; 0 is best for nearly every model.
    """

    size: int = 128
    wait: float = 0.0

    def __post_init__(self) -> None:
        is_size, is_wait = isinstance(self.size, int) and self.size >= 1, isinstance(self.wait, int | float) and 0 <= self.wait < math.inf
        if not (is_size and is_wait):
            raise DefinitionError(f"expected Batch(size=1 or more rows, wait=0 or more seconds), got {self!r}")


@dataclass(frozen=True, slots=True)
class Context:
    """What an api can learn about the request it answers; a batched api gets a list of these, one for each request, in order."""

    request_id: str
    api: str
    headers: Mapping[str, str]
    """By lower-case names; a header that was sent twice has both values, joined by a comma."""
    deadline: float
    """When the answer is due, in seconds of `time.monotonic()`."""

    def remaining(self) -> float:
        """Seconds until the answer is due; negative if it is late."""
        return self.deadline - time.monotonic()


@dataclass(frozen=True, slots=True)
class Timing:
    """How the time of one request was spent, in seconds; `rows` is the size of the batch it was answered in."""

    decode: float = 0.0
    queue: float = 0.0
    model: float = 0.0
    encode: float = 0.0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Api:
    """One api of a service class, as its decorator and signature declare it."""

    name: str
    function: Callable[..., Any]
    input: Adapter[Any] | None
    output: Adapter[Any] | None
    batch: Batch | None
    timeout: float
    concurrency: int
    parameter: str
    takes_context: bool

    @property
    def path(self) -> str:
        return f"/{self.name}"

    @property
    def doc(self) -> str:
        return docstring(self.function)

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    @property
    def is_stream(self) -> bool:
        """Whether the api is a generator, whose answer is streamed."""
        return _yields(self.function)

    def annotations(self) -> tuple[object, object]:
        """The type hints of input and output, `inspect.Parameter.empty` where there is none."""
        try:
            hints = get_type_hints(self.function)
        except NameError as error:
            raise DefinitionError(
                f"the type hints of api {self.name!r} cannot be read: {error}: "
                "import it outside of `if TYPE_CHECKING`, or name both input= and output="
            ) from error
        return hints.get(self.parameter, inspect.Parameter.empty), hints.get("return", inspect.Parameter.empty)


@overload
def api(function: F, /) -> F: ...
@overload
def api(
    *,
    input: Adapter[Any] | None = None,
    output: Adapter[Any] | None = None,
    batch: bool | Batch = False,
    timeout: float = 60.0,
    concurrency: int | None = None,
) -> Callable[[F], F]: ...
def api(
    function: F | None = None,
    /,
    *,
    input: Adapter[Any] | None = None,
    output: Adapter[Any] | None = None,
    batch: bool | Batch = False,
    timeout: float = 60.0,
    concurrency: int | None = None,
) -> F | Callable[[F], F]:
    """Mark a method of a service as an api; the method itself is unchanged.

    `input` and `output` may be left out: then type hints decide and, for the output, each returned value. With `batch`, the method gets a
    batch (`Adapter.stack`) and returns one result for each of its rows, in order. `timeout` is in seconds, from a request's first byte.
    `concurrency` is how many calls may run at once: by default 1 for a `def`, because few models are safe to use in several threads, and
    100 for an `async def`. A parameter named `context` gets the request's `Context`.
    """

    def mark(function: F) -> F:
        if not (callable(function) and hasattr(function, "__name__")):
            kind = type(function).__name__
            raise DefinitionError(
                f"expected @bento.api over a def, got a {kind}: give it keywords only, as in @bento.api(input=JsonAdapter())"
            )
        setattr(function, _MARK, _declare(function, input, output, _batch(function, batch), timeout, concurrency))
        return function

    return mark if function is None else mark(function)


def declared(function: object) -> Api | None:
    """The Api that the `api` decorator has noted on a function; None if it is not marked."""
    mark = getattr(function, _MARK, None)
    return mark if isinstance(mark, Api) else None


def _declare(
    function: Callable[..., Any],
    input: Adapter[Any] | None,
    output: Adapter[Any] | None,
    batch: Batch | None,
    timeout: float,
    concurrency: int | None,
) -> Api:
    name = function.__name__
    if concurrency is None:
        concurrency = 100 if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function) else 1
    if name in _RESERVED:
        raise DefinitionError(f"an api cannot be named {name!r}: the server answers /{name} itself")
    if not (isinstance(timeout, int | float) and 0 < timeout < math.inf):
        raise DefinitionError(f"expected a timeout of more than 0 seconds for {name!r}, got {timeout!r}")
    if not isinstance(concurrency, int) or concurrency < 1:
        raise DefinitionError(f"expected a concurrency of 1 or more for {name!r}, got {concurrency!r}")
    if batch is not None and _yields(function):
        raise DefinitionError(f"{name!r} yields its answer piece by piece, which a batch cannot do: leave batch= out, or return the answer")
    if batch is not None and batch.wait >= timeout:
        raise DefinitionError(
            f"{name!r} is to answer within timeout={timeout!r}, and Batch(wait={batch.wait!r}) holds requests back for as long or longer: "
            "shorten wait=, or lengthen timeout="
        )
    parameter, takes_context = _parameters(function)
    return Api(name, function, input, output, batch, float(timeout), concurrency, parameter, takes_context)


def _parameters(function: Callable[..., Any]) -> tuple[str, bool]:
    """The name of the parameter that takes the value, and whether there is one for the context."""
    name = function.__name__
    parameters = list(inspect.signature(function).parameters.values())[1:]
    values = [parameter for parameter in parameters if parameter.name != "context"]
    if len(values) != 1:
        raise DefinitionError(
            f"{name!r} takes {len(values)} values: an api takes one, and optionally a context, as in def {name}(self, value, context)"
        )
    if values[0].kind not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        shown = str(values[0]).partition(":")[0]
        raise DefinitionError(f"{name!r} takes {shown}: an api takes one value by position, as in def {name}(self, value)")
    return values[0].name, len(parameters) > 1


def _yields(function: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _batch(function: Callable[..., Any], batch: bool | Batch) -> Batch | None:
    if isinstance(batch, Batch):
        return batch
    if not isinstance(batch, bool):
        raise DefinitionError(f"expected batch=True or batch=bento.Batch(size=...) for {function.__name__!r}, got {batch!r}")
    return Batch() if batch else None
