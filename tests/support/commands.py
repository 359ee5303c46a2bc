"""Programs that a test runs as a user does: a script, `bento`, its server. They run in a folder that also holds their store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running import Server, heard

BENTO = Path(sys.executable).with_name("bento")


class Commands:
    """Runs programs in `folder`, with these variables in their environment; a variable that is None is removed from it."""

    def __init__(self, folder: Path, **variables: str | None) -> None:
        self.folder = folder
        self._variables = variables

    def __call__(self, *command: str | Path, home: str = "home", **variables: str | None) -> str:
        """Run a program that has to succeed, and return what it prints. `home` is the folder of its store within the folder."""
        done = self._done(command, home, variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *command: str | Path, home: str = "home", **variables: str | None) -> str:
        """Run a program that has to fail, and return what it writes to standard error."""
        done = self._done(command, home, variables)
        assert done.returncode != 0, done.stdout
        return done.stderr

    @contextmanager
    def served(self, *arguments: str, **variables: str | None) -> Iterator[Server]:
        """`bento serve` with these arguments, on a free port. At the end of the block it is stopped as by a user, and has ended."""
        command = [BENTO, "serve", *arguments, "--port", "0"]
        with heard(command, self.folder, self.environment(**variables)) as server:
            yield server
            if server.process.poll() is None:
                server.stop()

    def environment(self, home: str = "home", **variables: str | None) -> dict[str, str]:
        """The environment of such a program."""
        given = {**os.environ, "BENTO_HOME": str(self.folder / home), **self._variables, **variables}
        return {name: value for name, value in given.items() if value is not None}

    def _done(self, command: tuple[str | Path, ...], home: str, variables: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
        environment = self.environment(home, **variables)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
