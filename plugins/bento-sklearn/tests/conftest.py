"""Lets the tests and the processes they start import `petals`, like a module of a project."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent / "project"))


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """On busy processors, threads spin while they wait for each other, a hundred times as long as fitting a small model takes."""
    with threadpool_limits(1):
        yield
