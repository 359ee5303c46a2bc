"""Threads do an api's work: in order, a limited number at once, each piece once, and none is lost when threads come and go."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from bento.errors import Overloaded
from bento.serving.calls import threads
from bento.serving.calls.threads import Outcome, Threads, settle

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def of(most: int) -> Threads:
    return Threads(most, "bento-test", asyncio.get_running_loop())


def start(made: Threads, work: Callable[[], object]) -> asyncio.Future[object]:
    """The outcome of work that is given to a thread."""
    future = Outcome[object](loop=asyncio.get_running_loop())
    made.run(work, partial(settle, future))
    return future


async def test_what_work_returns_or_raises_comes_back():
    made = of(1)
    assert await start(made, lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await start(made, lambda: 1 // 0)
    with pytest.raises(SystemExit):
        await start(made, sys.exit)
    assert await start(made, threading.get_ident) != threading.get_ident()
    made.close()


async def test_one_thread_does_work_in_order_and_the_loop_is_told():
    made, begun, told = of(1), [], []
    for number in range(100):
        made.run(partial(begun.append, number), lambda *_: told.append(threading.get_ident()))
    await start(made, lambda: None)
    assert begun == list(range(100))
    assert told == [threading.get_ident()] * 100
    made.close()


async def test_exactly_as_many_threads_as_allowed_run_at_once():
    made, together = of(3), threading.Barrier(3)
    # Three meet, again and again; a fourth among them would break the pattern, a missing one would leave two waiting.
    met = [start(made, lambda: together.wait(20)) for _ in range(12)]
    assert sorted(await asyncio.gather(*met)) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert sum(thread.name.startswith("bento-test") for thread in threading.enumerate()) == 3
    made.close()


async def test_no_thread_is_started_while_another_is_idle():
    made = of(3)
    assert len({await start(made, threading.get_ident) for _ in range(20)}) == 1
    made.close()


async def test_work_that_comes_while_a_thread_gives_up_waiting_is_done(monkeypatch):
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.0)
    made, left, over = of(1), iter(range(200)), asyncio.Event()

    def go_on(*_) -> None:
        # The callback gives more work at once, before the loop has heard that the thread has ended.
        if next(left, None) is None:
            over.set()
        else:
            made.run(int, go_on)

    go_on()
    async with asyncio.timeout(60):
        await over.wait()
    made.close()


async def test_work_is_done_once_by_threads_that_come_and_go(monkeypatch):
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.0)
    made, done = of(2), []
    waiting = []
    for number in range(1000):
        waiting.append(start(made, partial(done.append, number)))
        if number % 3 == 0:
            await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)
    assert sorted(done) == list(range(1000))
    made.close()


async def test_work_that_has_not_begun_when_threads_are_closed_never_begins():
    made, go, begun = of(1), threading.Event(), []
    first = start(made, partial(go.wait, 20))
    others = [start(made, partial(begun.append, number)) for number in range(3)]
    made.close()
    late = start(made, partial(begun.append, "late"))
    for other in (*others, late):
        with pytest.raises(asyncio.CancelledError):
            await other
    go.set()
    assert await first
    async with asyncio.timeout(60):
        while any(thread.name.startswith("bento-test") for thread in threading.enumerate()):
            await asyncio.sleep(0.001)
    assert begun == []


@contextmanager
def no_further_thread() -> Iterator[None]:
    """The interpreter can start no thread, as when its user or container has reached its limit."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        yield


async def test_work_for_which_no_thread_can_start_ends_at_once_and_later_work_is_done(caplog):
    made = of(2)
    with no_further_thread():
        for _ in range(3):
            with pytest.raises(Overloaded, match="the server cannot start another thread"):
                await start(made, int)
    (line,) = caplog.messages
    assert line == (
        "cannot start another thread for bento-test, which has 0: can't start new thread: "
        "allow its user or container more processes and threads, or more memory"
    )
    together = threading.Barrier(2)
    assert sorted(await asyncio.gather(*(start(made, lambda: together.wait(20)) for _ in range(2)))) == [0, 1]
    made.close()


async def test_running_threads_do_the_work_if_no_further_thread_can_start():
    made = of(3)
    first = await start(made, threading.get_ident)
    with no_further_thread():
        assert set(await asyncio.gather(*(start(made, threading.get_ident) for _ in range(20)))) == {first}
    together = threading.Barrier(3)
    assert sorted(await asyncio.gather(*(start(made, lambda: together.wait(20)) for _ in range(3)))) == [0, 1, 2]
    made.close()


class Thing:
    """Something whose end can be seen."""


async def test_finished_work_is_not_kept_until_more_work_comes(monkeypatch):
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 600.0)
    made, thing = of(1), Thing()
    gone = weakref.ref(thing)
    await start(made, partial(id, thing))
    del thing
    async with asyncio.timeout(60):
        while gone() is not None:
            # The callback may still be on its way to the loop.
            await asyncio.sleep(0.001)
            gc.collect()
    made.close()


def test_an_interpreter_ends_even_if_threads_are_not_closed():
    script = (
        "import asyncio\n"
        "from functools import partial\n"
        "from bento.serving.calls.threads import Threads, settle\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    future = loop.create_future()\n"
        "    Threads(1, 'bento-test', loop).run(lambda: 7, partial(settle, future))\n"
        "    return await future\n"
        "print(asyncio.run(main()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("7\n", "")
