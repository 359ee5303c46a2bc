"""Plain files are opened, read and written, and nothing else."""

from __future__ import annotations

import os
import resource

import pytest

from bento.opening import read_plain, write_plain


def test_what_is_written_is_read_again_and_takes_the_place_of_all_that_was_there(tmp_path):
    file = tmp_path / "file"
    for content in (b"a long text", b"short"):
        write_plain(file, content)
        assert read_plain(file) == content


def test_a_file_that_does_not_take_all_of_it_is_an_error(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_plain(tmp_path / "file", bytes(200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_stranger_may_not_write_to_what_is_made_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        write_plain(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o664
