"""Verifying costs little more than hashing once, and then almost nothing until something changes."""

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


def test_verifying_an_unchanged_bundle_again_takes_at_most_a_fiftieth_of_the_first_time(speed):
    assert speed.again < speed.verifying / 50
