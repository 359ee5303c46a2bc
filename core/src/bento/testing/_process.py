"""Fresh Python processes for the kits: to load artifacts in, and to find out what importing a module loads."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast

from . import _child
from ._kit import expect

if TYPE_CHECKING:
    from ..artifact import Artifact

_PATIENCE = 60.0
"""In seconds: how long one answer may take."""


class Process:
    """A process that has only imported an artifact's module and made the artifact from its options."""

    def __init__(self, artifact: Artifact[Any]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own script
            [sys.executable, "-P", _child.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._artifact = artifact
        self._was_ended = False

    def __enter__(self) -> Self:
        try:
            self.ask("make", where=address(type(self._artifact)), options=self._artifact.options())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def ask(self, do: str, **arguments: object) -> Any:
        """Send a request and return the answer. If the process dies, the test fails and says so."""
        __tracebackhide__ = True
        requests, answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        timer = threading.Timer(_PATIENCE, self._end)
        timer.start()
        try:
            requests.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            requests.flush()
            answer = answers.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            timer.cancel()
        if not answer:
            what = f"was ended, because it had no answer after {_PATIENCE:.0f} seconds" if self._was_ended else "died of it"
            raise AssertionError(f"a fresh process {what}: {self._last_words()}")
        return json.loads(answer)

    def _end(self) -> None:
        self._was_ended = True
        self._process.kill()

    def _last_words(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        return f"exit status {status}\n{self._errors.read().decode(errors='replace')[-4000:]}"


def address(cls: type) -> dict[str, str]:
    """The module, the file and the name by which another process finds a class."""
    expect("<locals>" not in cls.__qualname__, f"{cls.__qualname__} cannot be imported elsewhere: define it at the top of a module")
    return {"module": cls.__module__, "file": str(Path(inspect.getfile(cls)).absolute()), "name": cls.__qualname__}


def import_footprint(module: str) -> set[str]:
    """The top-level packages that importing `module` loads in a fresh process, except its own, bento and the standard library."""
    script = (
        "import importlib, sys, bento.registry, importlib_metadata; before = set(sys.modules); importlib.import_module(sys.argv[1]);"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    path = os.pathsep.join(filter(None, sys.path))
    run = subprocess.run(  # noqa: S603 - this interpreter, and the name of an installed plugin's module
        [sys.executable, "-P", "-c", script, module],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    expect(run.returncode == 0, f"{module} cannot be imported in a fresh process: {run.stderr}")
    return set(run.stdout.split()) - sys.stdlib_module_names - {"bento", module.partition(".")[0]}
