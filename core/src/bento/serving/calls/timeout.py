"""The deadline of a call that waits many times, such as a stream for each of its pieces."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING

from ...errors import DeadlineExceeded

if TYPE_CHECKING:
    from .call import Call


class Timeout:
    """Ends what its task does in a `with` block at a call's deadline, as DeadlineExceeded. A TimeoutError of the block itself stays one.

    `asyncio.timeout` does this once, and takes most of the time between two pieces of a stream. Here all blocks share one timer.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment]  # whatever waits is a task
        self._others = self._task.cancelling()
        self._is_over = self._is_inside = self._has_cancelled = False
        self._timer = asyncio.get_running_loop().call_later(call.deadline - time.monotonic(), self._ring)

    def close(self) -> None:
        """Let go of the timer."""
        self._timer.cancel()

    def __enter__(self) -> None:
        # A timer cannot interrupt a task that waits for nothing, and may ring a moment early.
        if self._is_over or time.monotonic() >= self._call.deadline:
            raise self._late()
        self._is_inside = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_inside = False
        if self._has_cancelled:
            self._has_cancelled = False
            # Others may have cancelled the task as well.
            if self._task.uncancel() <= self._others and kind is asyncio.CancelledError:
                raise self._late() from error

    def _ring(self) -> None:
        self._is_over = True
        if self._is_inside:
            self._has_cancelled = True
            self._task.cancel()

    def _late(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"the answer was not complete within {self._call.deadline - self._call.received:.3g} seconds")
