"""Only plain files are opened, read and written."""

from __future__ import annotations

import os
import resource

import pytest

from bento.opening import read_plain, write_plain


def test_writing_a_file_replaces_its_whole_content(tmp_path):
    file = tmp_path / "file"
    for content in (b"a long text", b"short"):
        write_plain(file, content)
        assert read_plain(file) == content


def test_a_write_that_is_cut_short_is_an_error(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_plain(tmp_path / "file", bytes(200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_created_file_is_not_writable_by_others_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        write_plain(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o664
