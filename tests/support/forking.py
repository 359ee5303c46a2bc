"""Programs in Python that need not import slow modules, because they are forked from a process that has imported these once.

Each has the arguments, streams, folder and environment of a newly started process, and finds bento as such a process does.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType, ModuleType

# It stands for a program: it hands over its arguments and streams, passes signals on, and ends as the process forked for it ends.
_PROGRAM = """\
#!{python} -ISE
import array, json, os, signal, socket, sys
program, arguments = os.path.join({folder!r}, os.path.basename(sys.argv[0])), sys.argv[1:]
if program == {python!r} and (not arguments or arguments[0].startswith("-") and arguments[0] not in ("-c", "-m")):
    os.execv(program, [program, *arguments])
signals = signal.SIGHUP, signal.SIGINT, signal.SIGTERM
signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # until it is known to whom they go
with socket.socket(socket.AF_UNIX) as template, template.makefile("r") as told:
    template.connect({address!r})
    template.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
    template.sendall(json.dumps([program, arguments, os.getcwd(), dict(os.environ)]).encode() + b"\\n")
    process = int(told.readline())
    for number in signals:
        signal.signal(number, lambda number, frame: os.kill(process, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    status = int(told.readline())
if status < 0:
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""


@contextmanager
def programs(modules: Sequence[str], *others: str) -> Iterator[Path]:
    """A folder with `python` and other programs installed beside it, for which these modules are already imported."""
    python = Path(sys.executable).with_name("python")
    with TemporaryDirectory(prefix="bento-") as folder, socket.socket(socket.AF_UNIX) as listener:
        # An abstract socket, because the path of a socket may have a hundred bytes, and some temporary folders have longer paths.
        listener.bind(address := f"\0{Path(folder).name}-{os.getpid()}")
        listener.listen()
        for name in ("python", *others):
            program = Path(folder, name)
            program.write_text(_PROGRAM.format(python=str(python), folder=str(python.parent), address=address))
            program.chmod(0o700)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [python, __file__, str(listener.fileno()), *modules]
        with subprocess.Popen(command, pass_fds=[listener.fileno()], env=environment, stdin=subprocess.DEVNULL) as template:
            # If importing fails, nobody listens any more, so that programs fail instead of waiting.
            listener.close()
            yield Path(folder)
            template.terminate()


def kill(program: subprocess.Popen[str]) -> str:
    """Kill a program, and return the rest of its output.

    The process that it stands for dies a moment later, and must not see the end of its input before.
    """
    program.kill()
    assert program.stdout
    rest = program.stdout.read()  # to its end, which comes once no process has the pipe open
    program.communicate()
    return rest


def _fork_from(listener: socket.socket) -> tuple[str, list[str]]:
    """Fork for each program that asks; return the program and its arguments in the forked process."""
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            with client:
                return _be_forked(client)
        client.close()


def _reap(number: int, frame: FrameType | None) -> None:
    """Wait for ended children, so that their time is counted in the time of the tests."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _be_forked(client: socket.socket) -> tuple[str, list[str]]:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(client, 1, 3)
    with client.makefile("r") as lines:
        program, arguments, folder, environment = json.loads(lines.readline())
    if pid := os.fork():
        with suppress(BrokenPipeError):
            client.sendall(b"%d\n" % pid)
        _kill_with(client, pid)
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError):
            client.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    _settle(folder, environment)
    return program, arguments


def _kill_with(client: socket.socket, pid: int) -> None:
    """Kill the process when the program that stands for it is killed."""
    with open(os.pidfd_open(pid)) as ended:  # noqa: PTH123 - a descriptor
        if client in select.select([client, ended], [], [])[0]:
            os.kill(pid, signal.SIGKILL)


def _settle(folder: str, environment: Mapping[str, str]) -> None:
    """Do what Python does when it starts, with the streams, the folder and the environment of the program."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.path[:1] = [str(Path(path).absolute()) for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    importlib.invalidate_caches()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = open(number, "w" if number else "r", buffering=1 if number == 2 else -1, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _run(program: str, arguments: list[str]) -> None:
    """Run a script, `-c` or `-m` as Python does."""
    if Path(program).name != "python":
        arguments = [program, *arguments]
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        sys.path.insert(0, "")
        code = compile(arguments[1], "<string>", "exec")
    else:
        sys.argv = arguments
        # Not a Path, because a Path would drop the dot of ./script.py.
        main.__file__ = file = os.path.join(os.getcwd(), arguments[0])  # noqa: PTH109, PTH118
        sys.path.insert(0, str(Path(file).resolve().parent))
        code = compile(Path(file).read_bytes(), file, "exec")
    exec(code, main.__dict__)


if __name__ == "__main__":
    for _module in sys.argv[2:]:
        importlib.import_module(_module)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as _listener:
        _asked = _fork_from(_listener)
    _run(*_asked)
