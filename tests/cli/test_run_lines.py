"""`bento run --input-lines`: each line of a file is an input, answered with a line of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from commands import BENTO


@pytest.fixture
def goods(tmp_path):
    """A file of three goods, of which the second has no price."""
    path = tmp_path / "goods.jsonl"
    path.write_text('"tea"\n"coal"\n"cake"\n')
    return path


def test_every_line_is_answered_with_one_in_order(bento, tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(f"[[{number}, 0.5]]\n" for number in range(100)))
    told = bento("run", "shop", "double", "--input-lines", "rows.jsonl")
    assert told.stdout == "".join(f"[[{2 * number}.0,1.0]]\n" for number in range(100))
    assert told.stderr == ""


def test_lines_of_several_files_and_of_standard_input_follow_each_other(bento, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\r\n\r\ntwo")
    assert (
        bento("run", "shop", "shout", "--input-lines", "a.txt", "-", "a.txt", input="three\n").stdout == "ONE\n\nTWO\nTHREE\nONE\n\nTWO\n"
    )


def test_a_line_that_fails_is_named_and_gets_an_empty_line(bento, goods, tmp_path):
    told = bento("run", "shop", "price", "--input-lines", goods, "--output", "prices.jsonl", code=1)
    assert (told.stdout, told.stderr) == ("", "line 2: no price for 'coal'\n1 of 3 lines failed\n")
    assert (tmp_path / "prices.jsonl").read_text() == "3\n\n5\n"


def test_a_line_of_several_files_is_named_with_its_file(bento, goods):
    told = bento("run", "shop", "price", "--input-lines", goods, "-", input='\n"tea"\n', code=1)
    assert told.stdout == "3\n\n5\n\n3\n"
    assert told.stderr == (
        f"line 2 of {goods}: no price for 'coal'\n"
        "line 1 of -: the body is not JSON: Input is a zero-length, empty document: line 1 column 1 (char 0)\n"
        "2 of 5 lines failed\n"
    )


def test_a_line_that_fails_in_a_batch_leaves_its_neighbours_answered(bento):
    told = bento("run", "shop", "double", "--input-lines", "-", input="[[1, 2]]\n[[1]]\n[[3, 4], [5, 6]]\n", code=1)
    assert told.stdout == "[[2.0,4.0]]\n\n[[6.0,8.0],[10.0,12.0]]\n"
    assert told.stderr.startswith("line 2: expected an array of shape (n, 2), got (1, 1)\n")


def test_a_stream_or_text_of_several_lines_is_one_line(bento):
    assert bento("run", "shop", "count", "--input-lines", "-", input="3\n0\n").stdout == "[0,1,2]\n[]\n"
    told = bento("run", "shop", "echo", "--input-lines", "-", input="a\n", code=1)
    assert told.stderr.startswith("line 1: the answer is application/octet-stream, which is not a line of text: ")


def test_a_line_is_answered_before_the_next_one_comes(home):
    command = [BENTO, "run", "shop", "price", "--input-lines", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as asked:
        for name, price in (("tea", "3\n"), ("cake", "5\n")):
            print(f'"{name}"', file=asked.stdin)
            assert asked.stdout.readline() == price
        asked.stdin.close()
        assert asked.wait() == 0


def test_a_message_in_a_terminal_does_not_run_into_the_progress_bar(home, goods, tmp_path):
    command = [str(BENTO), "run", "shop", "price", "--input-lines", str(goods), "--output", str(tmp_path / "prices.jsonl")]
    code = f"import os, pty, sys; os.environ['COLUMNS'] = '60'; sys.exit(os.waitstatus_to_exitcode(pty.spawn({command!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    shown = done.stdout.decode()
    assert done.returncode == 1
    assert "\r\x1b[Kline 2: no price for 'coal'\r\n" in shown
    assert re.search(r"asking shop  \[#+\]  100%  20 bytes of 20 bytes", shown)


def test_the_output_of_another_program_is_read_as_a_file(home, goods):
    script = f"{BENTO} run shop price --input-lines <(cat {goods}) {goods}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("3\n\n5\n" * 2, 1)


def test_a_file_is_not_written_while_its_lines_are_read(bento, goods):
    told = bento("run", "shop", "price", "--input-lines", goods, "--output", goods, code=2)
    assert told.stderr.endswith(f"Error: {str(goods)!r} would be written while it is read: name another --output\n")
    assert goods.read_text().startswith('"tea"')


def test_a_file_is_not_written_while_it_is_standard_input(home, goods):
    command = [BENTO, "run", "shop", "price", "--input-lines", "-", "--output", goods]
    with goods.open() as lines:
        told = subprocess.run(command, stdin=lines, capture_output=True, text=True, check=False)
    assert told.stderr.endswith(f"Error: {str(goods)!r} would be written while it is read: name another --output\n")
    assert (told.returncode, goods.read_text()) == (2, '"tea"\n"coal"\n"cake"\n')


@pytest.mark.parametrize(("source", "named"), [("goods.jsonl", "goods.jsonl"), ("-", "standard input")])
def test_an_output_that_the_shell_appends_to_the_input_is_refused(home, goods, source, named):
    command = [BENTO, "run", "shop", "price", "--input-lines", source]
    with goods.open() as lines, goods.open("a") as answers:
        # Without the refusal the command would never end.
        told = subprocess.run(
            command, cwd=goods.parent, stdin=lines, stdout=answers, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert told.stderr.endswith(f"Error: {named!r} would be written while it is read: name another --output\n")
    assert (told.returncode, goods.read_text()) == (2, '"tea"\n"coal"\n"cake"\n')


def test_a_device_may_be_both_standard_input_and_the_output(home):
    command = [BENTO, "run", "shop", "price", "--input-lines", "-", "--output", os.devnull]
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (told.stderr, told.returncode) == ("", 0)


def test_a_file_that_holds_no_lines_is_refused_before_anything_is_asked(bento, goods, tmp_path):
    told = bento("run", "shop", "double", "--input-lines", goods, "--output", "rows.npy", code=2)
    assert told.stderr.endswith(
        "Error: a file of application/x-npy cannot hold a line for each answer: name one such as --output answers.jsonl\n"
    )
    assert not (tmp_path / "rows.npy").exists()


def test_an_output_that_cannot_be_written_ends_the_command(bento, goods, tmp_path):
    with socket.socket(socket.AF_UNIX) as place:
        place.bind(str(tmp_path / "socket"))
    for path, reason in (("/dev/full", "No space left on device"), ("socket", "No such device or address")):
        told = bento("run", "shop", "price", "--input-lines", goods, "--output", path, code=1)
        assert told.stderr.endswith(f"Error: cannot write {path!r}: {reason}\n")


def test_a_missing_file_is_refused_before_anything_is_asked(bento, goods):
    told = bento("run", "shop", "price", "--input-lines", goods, "gone.jsonl", code=2)
    assert (told.stdout, told.stderr.splitlines()[-1]) == (
        "",
        "Error: Invalid value for '--input-lines': File 'gone.jsonl' does not exist.",
    )


def test_a_file_of_lines_given_as_one_input_is_refused_with_the_option_for_lines(bento, goods):
    told = bento("run", "shop", "price", "--input-file", "goods.jsonl", code=1)
    assert told.stderr.endswith(": did you mean --input-lines goods.jsonl\n")


def test_debug_shows_where_a_line_failed(bento, goods):
    lines = bento("run", "shop", "crash", "--input-lines", goods, "--debug", code=1).stderr.splitlines()
    assert [line.strip() for line in lines[-2:]] == ['raise KeyError("the inside")', "KeyError: 'the inside'"]


LEAVING = """
import asyncio
import sys

import bento
from bento.adapters import JsonAdapter


class Leaving(bento.Service):
    @bento.api(input=JsonAdapter())
    def leave(self, status):
        sys.exit(status)

    @bento.api(input=JsonAdapter())
    async def drop(self, value):
        raise asyncio.CancelledError(value)

    @bento.api(input=JsonAdapter())
    async def wait(self, value):
        print("waiting", flush=True)
        await asyncio.Event().wait()


service = Leaving()
"""


@pytest.mark.parametrize(("how", "what"), [("--input=0", "item 1"), ("--input-lines=-", "line 1")])
@pytest.mark.parametrize(("api", "error"), [("leave", "SystemExit"), ("drop", "CancelledError")])
def test_an_api_that_exits_fails_its_input_and_the_command(home, tmp_path, api, error, how, what):
    (tmp_path / "leaving.py").write_text(LEAVING)
    command = [BENTO, "run", "leaving:service", api, how]
    done = subprocess.run(command, cwd=tmp_path, input="0\n", capture_output=True, text=True, check=False, env=os.environ)
    assert (done.returncode, done.stderr.partition("\n")[0] + "\n") == (1, f"{what}: {error}: 0\n")


# A shell that runs these tests in the background may ignore the signal, and the command would inherit that.
HEARING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.mark.parametrize("how", ["--input=0", "--input-lines=lines"])
def test_ctrl_c_ends_the_command_while_an_api_waits(home, tmp_path, how):
    (tmp_path / "leaving.py").write_text(LEAVING)
    (tmp_path / "lines").write_text("0\n" * 3)
    command = [sys.executable, "-c", HEARING, BENTO, "run", "leaving:service", "wait", how]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
        try:
            assert asked.stdout.readline() == "waiting\n"
            asked.send_signal(signal.SIGINT)
            assert asked.communicate(timeout=60)[1].endswith("Aborted!\n")
        finally:
            asked.kill()
