"""The `api` decorator and what it records."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

import bento
from bento import Batch, Context, DefinitionError
from bento.adapters import JsonAdapter
from bento.api import declared

if TYPE_CHECKING:
    from decimal import Decimal


def test_the_marked_method_is_the_method_itself():
    def predict(self, rows):
        return rows

    assert bento.api(predict) is predict
    assert bento.api(batch=True)(predict) is predict


def test_a_bare_api_takes_a_value_and_has_no_batch():
    @bento.api
    def predict(self, rows):
        """Say what it is.

        At length.
        """

    noted = declared(predict)
    assert (noted.name, noted.path, noted.parameter) == ("predict", "/predict", "rows")
    assert noted.doc == "Say what it is.\n\nAt length."
    assert (noted.batch, noted.timeout, noted.takes_context, noted.is_async) == (None, 60.0, False, False)


class Told(bento.Service):
    @bento.api
    def predict(self, rows):
        """Say what it is."""


class Silent(Told):
    @bento.api(batch=True)
    def predict(self, rows):
        return rows


def test_an_api_without_a_docstring_has_that_of_the_api_it_overrides():
    assert Silent().apis["predict"].doc == "Say what it is."


def test_an_api_remembers_its_options():
    @bento.api(batch=Batch(size=8), timeout=5)
    async def predict(self, rows, context):
        """Predict."""

    noted = declared(predict)
    assert (noted.batch, noted.timeout, noted.takes_context, noted.is_async) == (Batch(8), 5.0, True, True)


def test_batch_true_is_a_batch_of_the_usual_size():
    @bento.api(batch=True)
    def predict(self, rows):
        return rows

    assert declared(predict).batch == Batch(size=128, wait=0.0)


def test_type_hints_of_the_value_and_of_the_answer_are_read():
    @bento.api
    def predict(self, rows: list[int]) -> str:
        return ""

    assert declared(predict).annotations() == (list[int], str)


def test_only_marked_functions_are_apis():
    assert declared(len) is None
    assert declared("predict") is None


def refusal_of(declare) -> str:
    with pytest.raises(DefinitionError) as refusal:
        declare()
    return str(refusal.value)


def named(name: str):
    def function(self, value):
        return value

    function.__name__ = name
    return function


@pytest.mark.parametrize("given", [JsonAdapter(), "json", property(named("predict")), classmethod(named("predict"))])
def test_an_object_that_is_not_a_method_is_refused_as_an_api(given):
    refusal = f"expected @bento.api over a def, got a {type(given).__name__}: give it keywords only, as in @bento.api(input=JsonAdapter())"
    assert refusal_of(lambda: bento.api(given)) == refusal
    assert refusal_of(lambda: bento.api(timeout=5)(given)) == refusal


@pytest.mark.parametrize("name", ["docs", "livez", "readyz", "metrics"])
def test_a_name_that_the_server_answers_itself_is_refused(name):
    assert refusal_of(lambda: bento.api(named(name))) == f"an api cannot be named {name!r}: the server answers /{name} itself"


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", None])
def test_an_invalid_timeout_of_an_api_is_refused(timeout):
    assert refusal_of(lambda: bento.api(timeout=timeout)(named("predict"))) == (
        f"expected a timeout of more than 0 seconds for 'predict', got {timeout!r}"
    )


@pytest.mark.parametrize("wait", [5, 7.5])
def test_a_batch_that_holds_requests_back_until_they_are_late_is_refused(wait):
    assert declared(bento.api(batch=Batch(wait=4.9), timeout=5)(named("predict"))).batch == Batch(wait=4.9)
    assert refusal_of(lambda: bento.api(batch=Batch(wait=wait), timeout=5)(named("predict"))) == (
        f"'predict' is to answer within timeout=5, and Batch(wait={wait}) holds requests back for as long or longer: "
        "shorten wait=, or lengthen timeout="
    )


def test_one_call_at_a_time_unless_the_api_is_async_or_says_otherwise():
    async def predict(self, rows):
        return rows

    assert declared(bento.api(named("predict"))).concurrency == 1
    assert declared(bento.api(concurrency=4)(named("predict"))).concurrency == 4
    assert declared(bento.api(predict)).concurrency == 100


@pytest.mark.parametrize("concurrency", [0, "4", 1.5])
def test_an_invalid_concurrency_is_refused(concurrency):
    assert refusal_of(lambda: bento.api(concurrency=concurrency)(named("predict"))) == (
        f"expected a concurrency of 1 or more for 'predict', got {concurrency!r}"
    )


@pytest.mark.parametrize("batch", [32, "yes", None, Batch])
def test_a_batch_that_is_neither_on_nor_off_nor_a_batch_is_refused(batch):
    assert refusal_of(lambda: bento.api(batch=batch)(named("predict"))) == (
        f"expected batch=True or batch=bento.Batch(size=...) for 'predict', got {batch!r}"
    )


@pytest.mark.parametrize(("size", "wait"), [(0, 0.0), (8, -1.0), (8, float("nan")), (8, float("inf")), ("8", 0.0), (1.5, 0.0), (8, "1")])
def test_a_batch_without_room_or_with_a_negative_wait_is_refused(size, wait):
    assert refusal_of(lambda: Batch(size, wait)) == (
        f"expected Batch(size=1 or more rows, wait=0 or more seconds), got Batch(size={size!r}, wait={wait!r})"
    )


def test_an_api_takes_exactly_one_value():
    def none(self):
        return 1

    def two(self, a, b, context):
        return a, b

    rule = "an api takes one, and optionally a context, as in def"
    assert refusal_of(lambda: bento.api(none)) == f"'none' takes 0 values: {rule} none(self, value, context)"
    assert refusal_of(lambda: bento.api(two)) == f"'two' takes 2 values: {rule} two(self, value, context)"


def test_an_api_that_takes_any_number_of_values_is_refused():
    def several(self, *rows):
        return rows

    def options(self, **options):
        return options

    for function, shown in ((several, "*rows"), (options, "**options")):
        assert refusal_of(lambda function=function: bento.api(function)) == (
            f"{function.__name__!r} takes {shown}: an api takes one value by position, as in def {function.__name__}(self, value)"
        )


def test_a_generator_streams_and_has_no_batch():
    def stream(self, rows):
        yield rows

    async def astream(self, rows):
        yield rows

    message = "'stream' yields its answer piece by piece, which a batch cannot do: leave batch= out, or return the answer"
    assert refusal_of(lambda: bento.api(batch=True)(stream)) == message
    assert [declared(bento.api(function)).is_stream for function in (stream, astream)] == [True, True]


def test_a_type_hint_that_cannot_be_read_says_which_api_it_is_on():
    @bento.api
    def predict(self, rows: Decimal) -> str:
        return str(rows)

    assert refusal_of(declared(predict).annotations) == (
        "the type hints of api 'predict' cannot be read: name 'Decimal' is not defined: "
        "import it outside of `if TYPE_CHECKING`, or name both input= and output="
    )


def test_a_context_knows_how_much_time_is_left():
    context = Context("1", "predict", {}, deadline=time.monotonic() + 60)
    assert 59 < context.remaining() <= 60
    assert Context("1", "predict", {}, deadline=time.monotonic() - 1).remaining() < 0
