"""Core's own artifacts, and what a plugin's artifact can build on."""

from __future__ import annotations

from .array import ArrayArtifact
from .file import FileArtifact
from .files import slot_file
from .json import JsonArtifact, read_json, write_json
from .pickle import PickleArtifact
from .text import TextArtifact

__all__ = [
    "ArrayArtifact",
    "FileArtifact",
    "JsonArtifact",
    "PickleArtifact",
    "TextArtifact",
    "read_json",
    "slot_file",
    "write_json",
]
