"""The fresh process of a kit, run as a script: it loads an artifact and reports what happened.

It reads one JSON object per line, `{"do": ..., ...}`, and answers each with another one. It imports nothing of bento itself, so all
modules that are loaded in it were imported by the artifact's module.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import json
import operator
import os
import pickle
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_SPARE_MEMORY = 2 * 1024**3
"""In bytes: the memory that a loader may still allocate once the limit is set. A damaged file may make it ask for more."""
_RUNS = frozenset(
    {"exec", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "pickle.find_class", "socket.connect", "subprocess.Popen"}
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CLASS_MAKERS = frozenset({"attr._make", "collections", "dataclasses", "typing"})
"""Modules that use exec() and eval() on texts in code, not in a model's files: to make classes or to evaluate type hints."""


class Anything:
    """An object that has every attribute that duck typing could look for."""

    def __getattr__(self, name: str) -> Anything:
        return self

    def __call__(self, *args: object, **kwargs: object) -> Anything:
        return self


class Broken:
    """An object that raises when any attribute is read, as a half-initialised proxy does."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"asked for {name}")


def foreign() -> list[object]:
    """Plain objects that are hardly ever a model."""
    return [None, True, 3, 0.5, 1j, "text", "text" * 999, b"bytes", [], [1], (), (1,), {}, {"a": 1}, {1}, object(), ..., int, len, json]


def odd() -> list[object]:
    """Objects that are never a model, but pretend to have the attributes of one."""
    return [Anything(), Broken()]


class Watch:
    """Records what code runs and which files are opened for writing while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.ran: list[str] = []
        self.wrote: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(args[0], str) and isinstance(args[2], int) and args[2] & _WRITES and not _imports():
            self.wrote.append(str(Path(args[0]).absolute()))
        elif event in _RUNS and not _imports():
            self.ran.append(f"{event} {_shown(args)}")

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.ran, self.wrote, self.on = [], [], True
        try:
            yield
        finally:
            self.on = False


def _imports() -> bool:
    """Whether the audit event comes from an import or from making a class, and not from the contents of a model's file."""
    frame = sys._getframe(2)  # noqa: SLF001 - inspect.stack() reads source files
    if frame.f_globals.get("__name__") in _CLASS_MAKERS:
        return True
    caller: Any = frame
    while caller is not None:
        if caller.f_code.co_filename.startswith("<frozen importlib"):
            return True
        caller = caller.f_back
    return False


def _shown(args: tuple[Any, ...]) -> str:
    return ", ".join(value.co_filename if isinstance(value, CodeType) else repr(value)[:80] for value in args)


class Session:
    """One fresh process: it makes the artifact that its first request names, and answers the kit's requests about it."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.artifact: Any = None

    def make(self, where: dict[str, str], options: dict[str, Any]) -> None:
        self.artifact = _find(where)(**options)

    def accepts(self, modules: list[str]) -> list[str]:
        """Which of `modules` are imported once the artifact has been asked about foreign objects."""
        for model in foreign():
            if not self.artifact.accepts(model):
                self.artifact.advice(model)
        return [name for name in modules if name in sys.modules]

    def answers(self, folder: str, elsewhere: str, test: dict[str, str]) -> dict[str, Any]:
        """The answers of a model that is loaded by a relative path and then used in another current folder."""
        os.chdir(Path(folder).parent)
        with self.watch.watching():
            model = self.artifact.load(Path(Path(folder).name))
        ran, wrote = self.watch.ran, self.watch.wrote
        os.chdir(elsewhere)
        tests = _find(test)()
        answers = pickle.dumps(tests.predict(model, tests.inputs()))
        return {"answers": base64.b64encode(answers).decode(), "ran": ran, "wrote": wrote}

    def limit(self) -> None:
        """Limit memory, so that a loader that trusts a size in a damaged file fails instead of filling the machine's memory."""
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        bound = pages * resource.getpagesize() + _SPARE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (bound, resource.getrlimit(resource.RLIMIT_AS)[1]))

    def load(self, folder: str) -> dict[str, Any]:
        """Whether load() returns a model, refuses the folder with an ArtifactError, or which other exception it raises."""
        from bento.errors import ArtifactError

        raised = ""
        try:
            with self.watch.watching():
                model = self.artifact.load(Path(folder))
            if not self.artifact.accepts(model):
                raised = f"nothing, and load returned a {type(model).__name__} that the artifact does not accept"
        except ArtifactError:
            pass
        except BaseException as error:  # noqa: BLE001 - the kit reports any exception
            raised = f"{type(error).__name__}: {error}"
        return {"raised": raised, "ran": self.watch.ran}


def _find(where: dict[str, str]) -> Any:
    """A class by the name of its module, or by its module's file if the module cannot be imported, as is common for test modules."""
    name = "__mp_main__" if where["module"] == "__main__" else where["module"]
    if name not in sys.modules and not _importable(name):
        for end in (index for index, letter in enumerate(name) if letter == "."):
            sys.modules.setdefault(name[:end], ModuleType(name[:end]))  # unpickling imports the packages on the way, too
        spec: Any = importlib.util.spec_from_file_location(name, where["file"])
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return operator.attrgetter(where["name"])(importlib.import_module(name))


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a framework prints must not be mixed with the answers
    session = Session()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(session, request.pop("do"))(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
