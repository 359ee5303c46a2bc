"""JSON values: labels, thresholds, vocabularies and other small tables."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..artifact import JSON, Artifact, type_name
from ..errors import ArtifactError
from .files import slot_file

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "model.json"
_TYPES = (type(None), bool, int, float, str, list, dict)


class JsonArtifact(Artifact[Any]):
    """Keeps a JSON value exactly: lists and dicts of texts, numbers, booleans and None; no subclasses, no NaN, no tuples.

    Equal values give the same bytes, so a dict comes back equal, but with its keys sorted. For a type checker, the model is `Any`,
    because only its author knows the structure of the value.
    """

    name = "json"

    def save(self, model: JSON, folder: Path) -> None:
        write_json(folder / _FILE, model)

    def load(self, folder: Path) -> JSON:
        return read_json(slot_file(folder, _FILE))

    def accepts(self, model: object) -> bool:
        return type(model) in _TYPES


def write_json(path: Path, value: JSON) -> None:
    """Write a JSON value as canonical bytes. Anything in it that is not JSON is an ArtifactError that says where it is."""
    try:
        _check(value, "$")
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        path.write_bytes(text.encode())
    except RecursionError as error:
        raise ArtifactError("expected a JSON value, got one that is nested too deeply or holds itself") from error
    except ValueError as error:
        raise ArtifactError(f"expected a JSON value, got one that cannot be written: {error}") from error


def read_json(path: Path) -> JSON:
    """Read a file of `write_json`. An ArtifactError if it holds anything else but JSON; an OSError if it cannot be read."""
    try:
        text = path.read_bytes().decode()
        value: JSON = json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{str(path)!r} is damaged: {error}") from error
    return value


def _check(value: object, where: str) -> None:
    if type(value) is list:
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]")
    elif type(value) is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise ArtifactError(f"expected a text as a key at {where}, got the {type_name(key)} {key!r}: write {str(key)!r}")
            _check(item, f"{where}.{key}")
    elif type(value) not in _TYPES:
        raise ArtifactError(f"expected a JSON value at {where}, got a {type_name(value)}: use lists, dicts, texts, numbers and None")
    elif type(value) is float and not math.isfinite(value):
        raise ArtifactError(f"expected a JSON value at {where}, got {value!r}: JSON has no such number, use None")


def _no_number(text: str) -> JSON:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is larger than any float")
    return number


def _distinct(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found
