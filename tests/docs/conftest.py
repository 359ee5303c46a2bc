"""Following a page of the documentation as a reader would, in an empty folder with a store of its own.

A block ```python title="iris.py" is a file; other python blocks are one session; shell blocks run one by one, `bento serve` on a free port
until the next one. A text or json block is what the block before it prints, with `...` for what differs. A comment before a block
says `<!-- fails -->`, or `<!-- not run: why -->`; `<!-- before: iris -->` at the top of a page runs that example first. `python` and
`bento` are processes of their own, which find those frameworks imported that take seconds: for each block anew, that took most of the time.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from time import monotonic, sleep

import pytest

from forking import programs
from ports import reserved

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

_BLOCK = re.compile(
    r"^(?:<!-- (?:not run: (?P<reason>[^\n]+)|(?P<fails>fails)) -->\n\n)?"
    r'(?P<indent> *)```(?P<language>\w+)(?: title="(?P<title>[^"\n]+)")?\n(?P<code>.*?)^(?P=indent)```$',
    re.MULTILINE | re.DOTALL,
)
_BEFORE = re.compile(r"^<!-- before: (\w+) -->$", re.MULTILINE)
_PATH = re.compile(r"--uds (\S+)")
_SERVER = re.compile(r"(bento serve|uvicorn) (?!--help)")
_POLLED = re.compile(r'^.*[ "]/readyz[ "].*\n', re.MULTILINE)
_PORT = "3000"
_PATIENCE = 60.0
_IMPORT = re.compile(r"^ *(?:import|from) (\w+)", re.MULTILINE)
# Slow imports, by the module that needs them: the programs of a page start with them imported. Keras itself first needs its back end.
_SLOW = {
    "keras": ("tensorflow", "torch"),
    "mlflow": ("mlflow.pyfunc", "mlflow.sklearn"),
    "paddle": ("paddle",),
    "pandas": ("pandas",),
    "sklearn": ("sklearn.datasets", "sklearn.linear_model", "skops.io"),
    "spacy": ("spacy",),
    "statsmodels": ("statsmodels.api",),
    "tensorflow": ("tensorflow",),
    "torch": ("torch._dynamo",),
    "transformers": ("torch", "transformers.pipelines"),
}
_SESSION = """
import __future__, json, sys, traceback
sys.stdout.reconfigure(write_through=True)
namespace = {"__name__": "__main__"}
for line in sys.stdin:
    name, code = json.loads(line)
    failed = False
    try:
        exec(compile(code, name, "exec", __future__.annotations.compiler_flag), namespace)
    except Exception as error:
        failed = True
        print(traceback.format_exception_only(error)[-1].strip())
    print(f"\\0{failed:d}", flush=True)
"""


@dataclass(frozen=True)
class Block:
    """One block of a page: `shows` is what it prints, if the page says so, `reason` why it is not run."""

    place: str
    language: str
    title: str | None
    code: str
    fails: bool
    reason: str | None
    shows: str | None = None


class Reader:
    """Does what a page says, block by block."""

    def __init__(self, folder: Path, home: Path, ready: Path, stack: ExitStack) -> None:
        self._folder, self._home, self._ready = folder, home, ready
        self._stack = stack
        self._port = _PORT
        self._path: re.Match[str] | None = None
        self._server = stack.enter_context(ExitStack())
        self._python: subprocess.Popen[str] | None = None
        self._environment = {
            **os.environ,
            "BENTO_HOME": str(home),
            "COLUMNS": "100",
            "HOME": str(folder),
            # Packages that a page installs go beside its own files, and are built with the tools installed here.
            "PATH": os.pathsep.join([str(ready), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_TARGET": str(folder / ".installed"),
            "PYTHONPATH": str(folder / ".installed"),
        }

    def do(self, block: Block) -> None:
        """Run one block, and compare its output with what the page shows."""
        if block.title:
            file = self._folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code)
        elif block.language == "shell" and _SERVER.match(block.code):
            self._serve(block)
        else:
            printed, failed = (self._shell if block.language == "shell" else self._session)(block)
            assert failed == block.fails, f"{block.place}: {printed}"
            assert _fits(block.shows, printed), f"{block.place} printed\n{printed}\nexpected\n{block.shows}"

    def _code(self, block: Block) -> str:
        return block.code.replace(f":{_PORT}", f":{self._port}")

    def _shell(self, block: Block) -> tuple[str, bool]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._code(block)],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return self._as_shown(done.stdout), done.returncode != 0

    def _session(self, block: Block) -> tuple[str, bool]:
        """Run a block in the page's Python; what it prints ends with a null character and whether it failed."""
        if self._python is None:
            self._python = self._start([self._ready / "python", "-c", _SESSION], subprocess.PIPE, self._stack)
        self._python.stdin.write(json.dumps([block.place, self._code(block)]) + "\n")
        self._python.stdin.flush()
        printed = ""
        while "\0" not in printed:
            line = self._python.stdout.readline()
            assert line, f"{block.place}: Python is gone after {printed!r}"
            printed += line
        printed, _, failed = printed.rpartition("\0")
        return self._as_shown(printed), failed.strip() == "1"

    def _serve(self, block: Block) -> None:
        self._server.close()
        (port,) = self._server.enter_context(reserved())
        self._port = str(port)
        log = self._folder / ".server.log"
        with log.open("w") as file:
            self._path = _PATH.search(block.code)
            place = "" if self._path else f"--port {self._port}"
            command = ["bash", "-c", f"exec {block.code.strip()} {place}"]
            server = self._start(command, file, self._server)
        assert _wait(lambda: server.poll() is not None or self._is_ready()), f"{block.place}: {log.read_text()}"
        assert server.poll() is None, f"{block.place}: {log.read_text()}"
        assert _wait(lambda: _fits(block.shows, self._as_shown(_POLLED.sub("", log.read_text())))), f"{block.place}: {log.read_text()}"

    def _is_ready(self) -> bool:
        if self._path:
            return self._answers_at(self._folder / self._path[1])
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz") as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def _answers_at(self, path: Path) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(path))
            except OSError:
                return False
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.recv(4096).startswith(b"HTTP/1.1 200 ")

    def _start(self, command: list[str], output: int, stack: ExitStack) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        stack.enter_context(process)
        stack.callback(process.terminate)
        return process

    def _as_shown(self, printed: str) -> str:
        """The text with ports and folders as the page shows them."""
        printed = printed.replace(f":{self._port}", f":{_PORT}").replace(str(self._home), "/home/you/.bento")
        return printed.replace(str(self._folder), "/home/you/project")


def _blocks_of(page: Path) -> list[Block]:
    text, blocks = page.read_text(), []
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        code = dedent(found["code"])
        block = Block(f"{page.name}:{line}", found["language"], found["title"], code, bool(found["fails"]), found["reason"])
        if block.language in ("text", "json") and not block.title:
            blocks.append(replace(blocks.pop(), shows=block.code))
        else:
            blocks.append(block)
    return blocks


def _fits(shown: str | None, printed: str) -> bool:
    if shown is None:
        return True
    return doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)


def _wait(condition: Callable[[], bool]) -> bool:
    end = monotonic() + _PATIENCE
    while not (met := condition()) and monotonic() < end:
        sleep(0.02)
    return met


@pytest.fixture(scope="session")
def blocks_of() -> Callable[[Path], list[Block]]:
    return _blocks_of


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Callable[[str], Path]:
    """The store in which an example saves its bundle; the example runs once."""
    stores: dict[str, Path] = {}

    def saved(example: str) -> Path:
        if example not in stores:
            stores[example] = tmp_path_factory.mktemp(example) / "home"
            environment = {**os.environ, "BENTO_HOME": str(stores[example])}
            subprocess.run([sys.executable, EXAMPLES / f"{example}.py"], check=True, env=environment, capture_output=True)
        return stores[example]

    return saved


@pytest.fixture(scope="session")
def ready() -> Iterator[Callable[[str], Path]]:
    """A folder with the programs that a page runs; they start with the slow modules of the page already imported."""
    folders: dict[tuple[str, ...], Path] = {(): Path(sys.executable).parent}
    with ExitStack() as stack:

        def ready(text: str) -> Path:
            imported = set(_IMPORT.findall(text))
            modules = dict.fromkeys(module for name in _SLOW if name in imported for module in _SLOW[name])
            found = tuple(module for module in modules if find_spec(module.partition(".")[0]))
            if found not in folders:
                folders[found] = stack.enter_context(programs(found, "bento"))
            return folders[found]

        yield ready


@pytest.fixture
def follow(tmp_path, saved, ready) -> Callable[[Path], None]:
    """Follow all steps of a page."""

    def follow(page: Path) -> None:
        if "curl" in page.read_text() and not shutil.which("curl"):
            pytest.skip("this page asks with curl, which is not installed here")
        folder, home = tmp_path / "project", tmp_path / "home"
        folder.mkdir()
        text = page.read_text()
        if example := _BEFORE.search(text):
            text += (EXAMPLES / f"{example[1]}.py").read_text()
            shutil.copytree(saved(example[1]), home)
            for file in EXAMPLES.glob(f"{example[1]}.*"):
                shutil.copy(file, folder)
        with ExitStack() as stack:
            reader = Reader(folder, home, ready(text), stack)
            for block in _blocks_of(page):
                if block.reason is None:
                    reader.do(block)

    return follow
