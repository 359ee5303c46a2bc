"""`bento run`: one line for each input, in order."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path

import msgpack
import numpy as np
import pytest

from commands import BENTO


def npy(*rows: list[float]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(rows, dtype="float64"))
    return file.getvalue()


def test_a_value_is_answered_with_a_line(bento):
    assert bento("run", "shop:1", "price", "--input", '"tea"').stdout == "3\n"


def test_values_are_answered_in_order(bento):
    assert bento("run", "shop", "price", "--input", '"tea"', '"cake"', '"tea"').stdout == "3\n5\n3\n"
    assert bento("run", "shop", "price", "--input", '"tea"', "--input=" + '"cake"').stdout == "3\n5\n"


def test_a_value_may_begin_with_a_dash(bento):
    assert bento("run", "shop", "shout", "--input", "-a", "b").stdout == "-A\nB\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.json", b"[[1, 2], [3, 4]]"),
        ("rows.msgpack", msgpack.packb([[1.0, 2.0], [3.0, 4.0]])),
        ("ROWS.NPY", npy([1, 2], [3, 4])),
    ],
)
def test_a_files_suffix_says_what_is_in_it(bento, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert json.loads(bento("run", "shop", "double", "--input-file", name).stdout) == [[2, 4], [6, 8]]


def test_the_type_of_an_input_can_be_named(bento, tmp_path):
    (tmp_path / "rows").write_bytes(npy([1, 2]))
    output = bento("run", "shop", "double", "--content-type", "application/x-npy", "--input-file", "rows").stdout
    assert json.loads(output) == [[2, 4]]


def test_standard_input_is_read_on_a_dash(bento):
    assert bento("run", "shop", "price", "--input", "-", input='"cake"').stdout == "5\n"
    assert bento("run", "shop", "price", "--input-file", "-", input='"cake"').stdout == "5\n"


def test_the_outputs_suffix_says_how_it_is_written(bento, tmp_path):
    assert bento("run", "shop", "double", "--input", "[[1, 2]]", "--output", "rows.npy").stdout == ""
    assert np.load(tmp_path / "rows.npy").tolist() == [[2, 4]]
    bento("run", "shop", "double", "--input", "[[1, 2]]", "--output", "rows.msgpack")
    packed = msgpack.unpackb((tmp_path / "rows.msgpack").read_bytes())
    assert np.frombuffer(packed["data"], packed["dtype"]).tolist() == [2, 4]


def test_a_single_answer_is_written_to_a_file_byte_for_byte(bento, tmp_path):
    bento("run", "shop", "shout", "--input", "hello", "--output", "hello.txt")
    assert (tmp_path / "hello.txt").read_bytes() == b"HELLO"


def test_an_empty_answer_replaces_a_file_by_an_empty_one(bento, tmp_path):
    (tmp_path / "hello.txt").write_text("of before")
    bento("run", "shop", "shout", "--input", "", "--output", "hello.txt")
    assert (tmp_path / "hello.txt").read_bytes() == b""


def test_several_answers_are_written_to_a_file_as_lines(bento, tmp_path):
    bento("run", "shop", "price", "--input", '"tea"', '"cake"', "--output", "prices.json")
    assert (tmp_path / "prices.json").read_text() == "3\n5\n"
    bento("run", "shop", "price", "--input", '"tea"', '"coal"', '"cake"', "--output", "prices.json", code=1)
    assert (tmp_path / "prices.json").read_text() == "3\n\n5\n"


def test_answers_go_to_standard_output_on_a_dash(bento, tmp_path):
    assert bento("run", "shop", "price", "--input", '"tea"', "--output", "-").stdout == "3\n"
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("inputs", [["1"], ["1", "2"]])
def test_a_file_whose_suffix_does_not_fit_its_answers_gives_one_warning(bento, tmp_path, inputs):
    result = bento("run", "shop", "price", "--input", *['"tea"'] * len(inputs), "--output", "prices.csv")
    assert result.stderr == "prices.csv holds application/json: the api does not write text/csv\n"
    assert (tmp_path / "prices.csv").read_text().split() == ["3"] * len(inputs)


def test_a_text_written_to_a_json_file_gives_a_warning(bento, tmp_path):
    result = bento("run", "shop", "shout", "--input", "tea", "--output", "tea.json")
    assert result.stderr == "tea.json holds text/plain: the api does not write application/json\n"
    assert (tmp_path / "tea.json").read_text() == "TEA"


@pytest.mark.parametrize("name", ["prices.json", "prices.jsonl", "prices.txt", "prices"])
def test_a_file_whose_suffix_fits_its_answer_gives_no_warning(bento, name):
    assert bento("run", "shop", "price", "--input", '"tea"', "--output", name).stderr == ""


def test_an_output_without_a_folder_is_refused_before_anything_is_asked(bento):
    result = bento("run", "shop", "fail", "--input", "1", "--output", "none/prices.json", code=2)
    assert result.stderr.endswith("Error: Invalid value for '--output': there is no folder 'none': make it first\n")


def test_an_output_that_cannot_be_written_ends_the_command_without_a_traceback(bento):
    result = bento("run", "shop", "price", "--input", '"tea"', "--output", "/dev/full", code=1)
    assert result.stderr == "Error: cannot write '/dev/full': No space left on device\n"


@pytest.mark.parametrize("inputs", [1, 3])
def test_output_that_cannot_be_written_is_not_blamed_on_an_input(home, inputs):
    command = [BENTO, "run", "shop", "price", "--input", *['"tea"'] * inputs]
    reader, writer = os.pipe()
    os.close(reader)
    left = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (left.returncode, left.stderr) == (1, "")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: OSError: [Errno 28] No space left on device (--debug shows where)\n")


def test_an_answer_of_several_lines_is_one_line_among_others(bento):
    assert bento("run", "shop", "shout", "--input", "a\nb", "c").stdout == '"A\\nB"\nC\n'
    assert bento("run", "shop", "shout", "--input", "a\nb").stdout == "A\nB\n"


def test_a_stream_is_several_lines_alone_and_one_line_among_others(bento):
    assert bento("run", "shop", "count", "--input", "3").stdout == "0\n1\n2\n"
    assert bento("run", "shop", "count", "--input", "3", "0", "1").stdout == "[0,1,2]\n[]\n[0]\n"


def test_an_item_that_fails_is_named_and_leaves_the_others_answered(bento, tmp_path):
    (tmp_path / "cake.json").write_text('"cake"')
    (tmp_path / "coal.json").write_text('"coal"')
    done = bento("run", "shop", "price", "--input-file", "coal.json", "cake.json", "gone.json", code=1)
    assert done.stdout == "\n5\n\n"
    assert done.stderr == (
        "item 1 (coal.json): no price for 'coal'\nitem 3 (gone.json): cannot read 'gone.json': No such file or directory\n"
    )


def test_an_item_that_fails_alone_leaves_no_line(bento):
    done = bento("run", "shop", "price", "--input", '"coal"', code=1)
    assert (done.stdout, done.stderr) == ("", "item 1: no price for 'coal'\n")


def test_nothing_is_written_when_everything_failed(bento, tmp_path):
    bento("run", "shop", "price", "--input", '"coal"', "--output", "price.json", code=1)
    assert not (tmp_path / "price.json").exists()


def test_a_fault_of_the_service_is_an_error_without_a_traceback(bento):
    assert bento("run", "shop", "crash", "--input", "1", code=1).stderr == "item 1: KeyError: 'the inside'\n"


def test_debug_shows_where_the_service_failed(bento_process):
    done = bento_process("run", "shop", "crash", "--input", "1", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert 'raise KeyError("the inside")' in done.stderr


def test_a_value_that_names_a_file_is_refused_with_the_option_for_files(bento, tmp_path):
    (tmp_path / "rows.json").write_text("[[1, 2]]")
    assert bento("run", "shop", "double", "--input", "rows.json", code=1).stderr.endswith(": did you mean --input-file rows.json\n")


def test_answers_of_bytes_are_not_written_as_lines(bento, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\0\n")
    assert bento("run", "shop", "echo", "--input-file", "a.bin").stdout_bytes == b"\0\n"
    assert bento("run", "shop", "echo", "--input-file", "a.bin", "a.bin", code=1).stderr == "".join(
        f"item {number} (a.bin): the answer is application/octet-stream, which is not a line of text: "
        "ask for one at a time, with --output FILE\n"
        for number in (1, 2)
    )


def test_an_unknown_api_is_refused_with_those_that_exist(bento):
    assert bento("run", "shop", "cost", "--input", "1", code=1).stderr == (
        "Error: shop has no api 'cost': its apis are price, shout, double, echo, count, crash\n"
    )


@pytest.mark.parametrize("inputs", [(), ("--input", "1", "--input-file", "a.json"), ("--input", "1", "--input-lines", "-")])
def test_inputs_are_values_files_or_lines(bento, inputs):
    assert bento("run", "shop", "price", *inputs, code=2).stderr.endswith(
        "Error: expected --input VALUE..., --input-file FILE... or --input-lines FILE...\n"
    )


def test_a_file_of_a_type_that_the_api_does_not_read_is_refused(bento, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    assert "item 1 (photo.png): " in bento("run", "shop", "price", "--input-file", "photo.png", code=1).stderr


def test_an_instance_in_a_module_is_asked_without_saving_it(bento_process, project):
    done = bento_process("run", "shop:service", "price", "--input", '"tea"', cwd=project)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_openapi_prints_what_the_server_shows(bento):
    document = json.loads(bento("openapi", "shop:1").stdout)
    assert document["openapi"].startswith("3.1")
    assert "/price" in document["paths"]
