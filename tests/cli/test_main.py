"""Rules that hold for every command."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from bento import __version__
from bento.cli import bento as command_line
from bento.cli import commands
from bento.cli.variables import VARIABLES
from commands import BENTO

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = command_line.list_commands(click.Context(command_line))


def test_the_version_is_one_line(bento):
    assert bento("--version").output == f"bento {__version__}\n"


def test_bento_can_be_run_as_a_module():
    done = subprocess.run([sys.executable, "-m", "bento", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"bento {__version__}\n"


def test_a_file_name_that_is_not_text_is_printed_as_it_is(home, tmp_path):
    remote = os.fsencode(f"file://{tmp_path}/") + b"\xff\xc3\xa9"
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}

    def printed(*arguments: str | bytes) -> bytes:
        done = subprocess.run([BENTO, *arguments], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert printed("push", "shop:1", remote) == remote + b"/shop:1\n"
    assert printed("run", remote + b"/shop:1", "price", "--input", '"tea"') == b"3\n"
    assert remote + b"/shop:1 " in printed("cache", "list")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("delete shop:1", "Error: there is nobody to ask: add --yes, or --dry-run to see what would be deleted"),
        ("run shop price --input -", "item 1: the body is not JSON: Input is a zero-length, empty document: line 1 column 1 (char 0)"),
    ],
)
def test_a_closed_standard_input_is_read_as_empty(home, command, said):
    done = subprocess.run(["bash", "-c", f"'{BENTO}' {command} <&-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, said)


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_commands_work_although_their_standard_streams_are_closed(home, tmp_path, closed):
    script = f"'{BENTO}' verify shop:1 {closed} && '{BENTO}' pack shop:1 archive shop.bento {closed}"
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True)
    assert [path.name for path in tmp_path.glob("*.bento")] == ["shop.bento"]


def test_characters_that_the_encoding_lacks_are_escaped_but_json_keeps_them(home, tmp_path):
    def printed(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
        return subprocess.run([BENTO, *arguments], cwd=tmp_path, env=environment, capture_output=True, check=True).stdout.decode("latin-1")

    assert printed("pack", "shop:1", "folder", "Jause \N{LEFTWARDS ARROW} gr\xfcn") == "Jause \\u2190 gr\xfcn\n"
    assert json.loads(printed("pack", "shop:1", "folder", "弁当", "--json"))["path"].endswith("弁当")


def test_a_pipe_that_closes_early_causes_no_error_message(home):
    script = f"'{BENTO}' list --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode in (0, 1), done.stderr) == (True, "")


@pytest.mark.parametrize("arguments", ["--help", "--version", "list --help", "list --json", "show shop:1"])
def test_output_that_a_full_disk_does_not_take_is_an_error_without_a_traceback(home, arguments):
    script = f"'{BENTO}' {arguments} >/dev/full"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
    sentence = r"Error: OSError: \[Errno 28\] No space left on device( \(--debug shows where\))?\n"
    assert (done.returncode, bool(re.fullmatch(sentence, done.stderr))) == (1, True), done.stderr


def test_every_module_with_a_command_is_a_command():
    assert {module.name for module in pkgutil.iter_modules(commands.__path__)} == set(COMMANDS)


def test_help_names_every_command_in_a_sentence(bento):
    lines = bento("--help").output.splitlines()
    commands = [line.split(None, 1) for line in lines[lines.index("Commands:") + 1 :] if line.startswith("  ") and "  " in line.strip()]
    assert [name for name, _ in commands] == COMMANDS
    assert [text for _, text in commands if not text.endswith(".") or text.endswith("...")] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_in_its_help(bento, command):
    output = bento(command, "--help").output
    assert f"\nExamples:\n  bento {command}" in output or f"| bento {command}" in output
    assert f"Usage: bento {command} " in output


@pytest.mark.parametrize("command", ["list", "pack", "plugins", "show"])
def test_every_command_that_lists_or_shows_prints_json_for_programs(bento, command):
    assert "--json" in bento(command, "--help").output


def test_an_unknown_command_is_wrong_usage_with_a_suggestion(bento):
    assert bento("sevre", code=2).stderr.endswith("Error: no command named 'sevre': did you mean 'serve'\n")
    assert bento("xyzzy", code=2).stderr.endswith("Error: no command named 'xyzzy': 'bento --help' lists them\n")


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("bento se", ["serve"]),
        ("bento serve --gr", ["--grace"]),
        ("bento serve --log-format ", ["text", "json"]),
        ("bento new ", ["plugin", "service"]),
    ],
)
def test_a_shell_completes_commands_options_and_what_they_choose_from(words, completed):
    environment = {**os.environ, "_BENTO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run([BENTO], env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == ([f"plain,{word}" for word in completed], "")


def test_a_failure_is_one_message_on_standard_error(bento, home):
    done = bento("show", "nothing", code=1)
    assert done.stdout == ""
    assert done.stderr == f"Error: no bundle nothing:latest in the store at {home}: it has the name shop\n"


def test_wrong_usage_exits_with_2(bento):
    assert "Missing argument" in bento("show", code=2).stderr


@pytest.mark.parametrize("arguments", [("--debug", "show", "nothing"), ("show", "nothing", "--debug")])
def test_debug_shows_where_an_error_comes_from(bento_process, arguments):
    done = bento_process(*arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "bento.errors.NotFound" in done.stderr


def test_without_debug_nothing_shows_a_traceback(bento_process, tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0")
    done = bento_process("openapi", "broken:service")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: ZeroDivisionError: division by zero (--debug shows where)\n"


def test_a_pipe_gets_no_colours(bento_process):
    assert "\x1b" not in bento_process("list").stdout
    assert "\x1b" not in bento_process("plugins").stdout


def test_a_terminal_gets_colours(home):
    script = f"import pty, sys; sys.exit(pty.spawn([{str(BENTO)!r}, 'list']))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert "\x1b[1mTAG" in shown


def test_a_bento_home_that_is_not_a_folder_is_an_error_without_a_traceback(bento, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BENTO_HOME", str(tmp_path / "file"))
    assert bento("list", code=1).stderr.startswith(f"Error: cannot list the bundles in the store at {tmp_path / 'file'}: Not a directory")


def test_the_version_is_printed_without_loading_anything_heavy():
    code = """
import sys
from bento.cli import main
try:
    main(["--version"])
except SystemExit:
    print(*{name.partition(".")[0] for name in sys.modules})
"""
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    loaded = subprocess.run([sys.executable, "-c", code], env=unmeasured, capture_output=True, text=True, check=True).stdout.split()
    assert {"asyncio", "importlib_metadata", "msgpack", "numpy", "orjson", "packaging", "starlette", "uvicorn"} & set(loaded) == set()
    assert [name for name in loaded if name.startswith("bento_")] == []


def test_printing_the_version_takes_less_than_three_times_as_long_as_importing_asyncio():
    """Both are timed in turn and the best times count, because the speed of a machine drifts. Coverage would slow them down."""
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}

    def seconds(*command: str | Path) -> float:
        start = time.perf_counter()
        subprocess.run(command, env=unmeasured, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    pairs = [(seconds(BENTO, "--version"), seconds(sys.executable, "-c", "import asyncio")) for _ in range(5)]
    ours, theirs = map(min, zip(*pairs, strict=True))
    assert ours < 3 * theirs


@pytest.mark.parametrize(
    ("name", "meant"),
    [("BENTO_TRUSTED_KEY", "BENTO_TRUSTED_KEYS"), ("BENTO_DISABLED_PLUGINS", "BENTO_DISABLE_PLUGINS"), ("Bento_Home", "BENTO_HOME")],
)
def test_a_misspelt_variable_gives_a_warning(home, name, meant):
    done = subprocess.run([BENTO, "list"], env={**os.environ, name: "x"}, capture_output=True, text=True, check=True)
    assert done.stderr == f"the environment variable {name} does nothing: did you mean {meant}?\n"


def test_correct_variables_and_those_of_other_programs_give_no_warning(home):
    others = {"BENTO_REMOTE_TIMEOUT": "5", "BENTO_NAME": "iris", "BENTO_LUNCH_MENU": "rice", "BENTOML_HOME": "x"}
    done = subprocess.run([BENTO, "list"], env={**os.environ, **others}, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_the_variables_are_those_that_are_read_and_those_that_are_documented():
    sources = [*ROOT.glob("core/src/**/*.py"), *ROOT.glob("native/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
    read = {name for source in sources for name in re.findall(r"\bBENTO_[A-Z_]+\b", source.read_text())}
    page = (ROOT / "docs/reference/command-line.md").read_text()
    assert set(re.findall(r"^\| `(BENTO_\w+)` \|", page, re.MULTILINE)) == VARIABLES == read
