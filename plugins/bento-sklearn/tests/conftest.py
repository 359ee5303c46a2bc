"""Lets the tests, and the processes they start, import `petals`, as a project's own module would be."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent / "project"))


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """On busy processors threads wait for each other awake, for a hundred times as long as a small model takes to fit."""
    with threadpool_limits(1):
        yield
