"""Core's packers keep what every packer promises: the kit's tests, as `bento plugins core --check` runs them."""

from __future__ import annotations

from bento.checks import (
    TestArchivePacker,
    TestDockerPacker,
    TestFolderPacker,
    TestHerokuPacker,
    TestLambdaPacker,
    TestOciPacker,
    TestSagemakerPacker,
    TestSystemdPacker,
    TestWheelPacker,
)

__all__ = [
    "TestArchivePacker",
    "TestDockerPacker",
    "TestFolderPacker",
    "TestHerokuPacker",
    "TestLambdaPacker",
    "TestOciPacker",
    "TestSagemakerPacker",
    "TestSystemdPacker",
    "TestWheelPacker",
]
