"""Verifying costs little more than hashing once, and nothing to speak of until something changes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def speed(tmp_path_factory):
    sys.path.insert(0, str(ROOT))
    try:
        from benchmarks.verifying import measure
    finally:
        sys.path.remove(str(ROOT))
    return measure(tmp_path_factory.mktemp("verifying"), 64 << 20, rounds=7)


def test_a_bundle_is_verified_at_four_fifths_of_the_speed_of_hashing_it(speed):
    assert speed.share >= 0.8


def test_what_is_known_again_takes_a_fiftieth_of_that_at_most(speed):
    assert speed.again < speed.verifying / 50
