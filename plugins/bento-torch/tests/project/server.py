"""A server of a script's service, in a process of its own."""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

BENTO = Path(sys.executable).with_name("bento")


def environment_of(folder):
    """What processes run in whose store is in a folder."""
    environment = {**os.environ, "BENTO_HOME": str(folder / "home")}
    environment.pop("OMP_NUM_THREADS", None)
    return environment


@dataclass
class Server:
    """A server that is ready; `lines` are what it has said so far, and all of it once it has ended."""

    url: str
    process: subprocess.Popen
    lines: list[str] = field(default_factory=list)

    @property
    def said(self):
        return "".join(self.lines)


@contextmanager
def served(environment, *options):
    """A server of the bundle `served`, which has ended afterwards."""
    command = [BENTO, "serve", "served", "--port", "0", "--no-access-log", *options]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        server = Server("", process)
        for line in iter(process.stderr.readline, ""):
            server.lines.append(line)
            if found := re.search(r"is ready on (http://127.0.0.1:\d+)", line):
                server.url = found[1]
                break
        assert server.url, server.said
        # Else the server waits for somebody to read what it says.
        listening = threading.Thread(target=lambda: server.lines.extend(process.stderr))
        listening.start()
        try:
            yield server
        finally:
            process.terminate()
            process.wait()
            listening.join()
