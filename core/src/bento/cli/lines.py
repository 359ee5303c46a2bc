"""The lines of `bento run --input-lines`: each is an input, read when its turn comes, and named by its place in error messages."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from ..errors import BadInput
from .answers import LineAnswers
from .command import progress_bar
from .errors import sentence
from .items import STDIN

if TYPE_CHECKING:
    from ..service import Service

_BUFFER: Final = 1 << 20
_CLEAR_LINE: Final = "\r\x1b[K"


class Lines:
    """The lines of files, without their line ends. `done` is the number of bytes read, of `size`, which is 0 if it is unknown."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._read: deque[tuple[str, int]] = deque()
        self.done = 0
        self.size = sum(Path(file).stat().st_size for file in files) if all(Path(file).is_file() for file in files) else 0

    def __iter__(self) -> Iterator[bytes]:
        for name in self._files:
            try:
                with _opened(name) as file:
                    for number, line in enumerate(file, 1):
                        self._read.append((name, number))
                        self.done += len(line)
                        yield line.removesuffix(b"\n").removesuffix(b"\r")
            except OSError as error:
                raise BadInput(f"cannot read {name!r}: {error.strerror}") from error

    def place(self) -> str:
        """The place of the oldest line that was read and whose place was not asked for yet."""
        name, number = self._read.popleft()
        return f"line {number}" if len(self._files) == 1 else f"line {number} of {name}"


def ask_lines(service: Service, api: str, lines: Lines, content_type: str, output: Path | None, *, debug: bool) -> int:
    """Write each line's answer as it comes, or say on standard error why there is none; returns the number of failures."""
    from ..serving import answer_all

    failures = count = 0
    # Answers in the same terminal would break the bar.
    bar = lines.size > 0 and sys.stderr.isatty() and not (output is None and sys.stdout.isatty())
    with closing(LineAnswers(output)) as answers, progress_bar(f"asking {service.name}", lines.size, hidden=not bar) as progress:
        for outcomes in answer_all(service, api, lines, content_type=content_type, accept=answers.accept):
            for error in map(answers.take, outcomes):
                place = lines.place()
                if error is None:
                    continue
                if debug:
                    raise error
                failures += 1
                click.echo(f"{_CLEAR_LINE if bar else ''}{place}: {sentence(error)}", err=True)
            answers.flush()
            progress(lines.done)
            count += len(outcomes)
    if failures:
        click.echo(f"{failures} of {count} lines failed", err=True)
    return failures


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb", buffering=_BUFFER)
