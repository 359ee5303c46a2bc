"""Messages of a server and to the person who starts it, word for word, that no other test checks."""

from __future__ import annotations

import gzip
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

import bento
from bento.adapters import JsonAdapter
from bento.errors import BentoError
from bento.serving import import_service, resolve
from bento.serving.calls.board import Board
from bento.serving.workers.sockets import listen
from echo import Echo

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda: bento.app(3), "expected a service, got a int"),
        (lambda: bento.app(Echo), "expected a service, got the class Echo: make a service of it, as in Echo()"),
        (lambda: resolve(3), "expected a service, a bundle, a tag, a path or a URL, got a int"),
        (lambda: import_service("os:path"), "os:path is a module: expected a bento.Service"),
        (lambda: bento.serve(Echo(), port=0, reload=True), "echo is saved and does not change: --reload is for MODULE:SERVICE"),
        (lambda: listen("192.0.2.1", 0), "cannot listen on 192.0.2.1 port 0: Cannot assign requested address"),
        (lambda: listen("a" * 64, 0), re.compile(r"cannot listen on 'a{64}' port 0: .+")),
        (lambda: listen("127.0.0.1", 1 << 64), re.compile(r"cannot listen on '127\.0\.0\.1' port 18446744073709551616: .+")),
        (
            lambda: Board(1).add(f"api{number}" for number in range(1025)),
            "several workers can serve 1024 apis, and this service has more: serve it with one worker",
        ),
    ],
)
def test_something_that_cannot_be_served_is_an_error_in_a_sentence(do, said):
    with pytest.raises(BentoError) as refused:
        do()
    assert str(refused.value) == said if isinstance(said, str) else said.fullmatch(str(refused.value))


async def test_a_notebook_which_has_a_loop_of_its_own_is_told_how_to_serve():
    with pytest.raises(bento.ServerError) as refused:
        bento.serve(Echo(), port=0)
    assert str(refused.value) == (
        "this thread has an event loop that runs already, as in a notebook: serve in another one, as in "
        "threading.Thread(target=bento.serve, args=[service], daemon=True).start(), or in a shell with `bento serve`"
    )


@pytest.mark.parametrize("options", [{"workers": 2}, {"reload": True}])
def test_a_thread_that_signals_do_not_reach_is_told_to_serve_in_one_process(options):
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(bento.serve, Echo(), port=0, **options).exception()
    assert isinstance(refused, bento.ServerError)
    assert str(refused) == (
        "signals, by which processes are started and stopped, reach only the main thread: "
        "leave out workers= and reload= in another one, or serve in a shell with `bento serve`"
    )


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"1", {"transfer-encoding": "gzip"}, "Transfer-Encoding: expected chunked, got 'gzip'"),
        (gzip.compress(b"1", mtime=0)[:-4], {"content-encoding": "gzip"}, "the body ends in the middle of its Content-Encoding"),
        (
            b"no such thing",
            {"content-encoding": "gzip"},
            "the body is not what its Content-Encoding says: Error -3 while decompressing data: incorrect header check",
        ),
        (
            b"1",
            {"origin": "https://example.org"},
            "requests from pages of 'https://example.org' are refused: call from a page of this server, or without a browser",
        ),
    ],
)
async def test_a_client_is_told_what_is_wrong_with_its_request(serving, body, headers, said):
    async with serving(Echo()) as client:
        answer = await client.post("/predict", content=body, headers={"content-type": "application/json", **headers})
    assert answer.json()["detail"] == said


class Forgetful(JsonAdapter):
    """Gives back fewer values than there were."""

    def unstack(self, result, rows):
        return super().unstack(result, rows)[1:]


class Lists(bento.Service):
    @bento.api(input=JsonAdapter(), output=Forgetful(), batch=True)
    def lengths(self, values):
        return [len(value) for value in values]


async def test_an_adapter_that_gives_too_few_answers_is_named_in_the_log(serving, caplog):
    async with serving(Lists()) as client:
        answer = await client.post("/lengths", json=[1, 2])
    assert answer.status_code == 500
    assert "ResultLengthError: lengths: expected 1 answers from unstack, got 0" in caplog.text
