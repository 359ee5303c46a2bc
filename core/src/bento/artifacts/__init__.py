"""Core's own artifacts, and functions and classes that a plugin's artifact can use."""

from __future__ import annotations

from .array import ArrayArtifact
from .build import Build, part_faults
from .columns import take_columns
from .distributions import distribution_of
from .file import FileArtifact
from .files import has_file, slot_file, suffix_of
from .json import JsonArtifact, read_json, write_json
from .pickle import PickleArtifact
from .text import TextArtifact
from .values import json_values
from .version import VersionWarning, check_version, write_version

__all__ = [
    "ArrayArtifact",
    "Build",
    "FileArtifact",
    "JsonArtifact",
    "PickleArtifact",
    "TextArtifact",
    "VersionWarning",
    "check_version",
    "distribution_of",
    "has_file",
    "json_values",
    "part_faults",
    "read_json",
    "slot_file",
    "suffix_of",
    "take_columns",
    "write_json",
    "write_version",
]
