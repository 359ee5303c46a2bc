"""How sizes are printed."""

from __future__ import annotations

import pytest

from bento.cli.output import size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (2 * 10**9, "2.0 GB"),
        (5 * 10**16, "50000.0 TB"),
    ],
)
def test_sizes_are_printed_in_the_unit_that_fits(size, text):
    assert size_text(size) == text
