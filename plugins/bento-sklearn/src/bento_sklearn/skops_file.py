"""skops files: written so that equal models give equal bytes, and read without trusting what they declare.

Source: skops 0.16, `skops.io`: an uncompressed zip of `schema.json`, a tree of nodes, and the arrays that the nodes name. skops numbers
nodes and names arrays by the addresses of objects, and writes the time into each entry. Both are replaced here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from bento import ArtifactError, type_name

from .importing import skops_io

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

BEST = "pack its best_estimator_, which answers the same"
"""The advice for a search, such as RandomizedSearchCV, if its parameters (SciPy distributions, for example) cannot be kept."""

_SCHEMA = "schema.json"
_ID = "__id__"
_ADDRESS = "_stop_words_id"
"""The attribute in which scikit-learn's vectorizers keep the address of a list, to know whether they have already checked it."""


def write(model: BaseEstimator, path: Path) -> None:
    """Write a model. An ArtifactError if skops cannot keep it."""
    io = skops_io()
    draft = path.with_suffix(".draft")
    try:
        io.dump(model, draft)
    except Exception as error:
        way = BEST if hasattr(model, "best_estimator_") else "SklearnPickleArtifact may, at the price of trust"
        raise ArtifactError(f"skops cannot keep this {type_name(model)}: {type(error).__name__}: {error}: {way}") from error
    _rewrite(draft, path)
    draft.unlink()


def unknown_types(path: Path) -> list[str]:
    """The dotted names in a file that skops does not trust by itself."""
    found: list[str] = skops_io().get_untrusted_types(file=path)
    return found


def read(path: Path, trusted: list[str]) -> Any:
    """Read a model. If the file is damaged or names anything that is not trusted, an ArtifactError, before any object is made."""
    io = skops_io()
    try:
        _check_sizes(path)
        return io.load(path, trusted=trusted)
    except Exception as error:
        raise ArtifactError(f"{str(path)!r} is damaged, or holds what is not trusted: {type(error).__name__}: {error}") from error


def _check_sizes(path: Path) -> None:
    """Refuse an archive that would unpack to more than its own size."""
    with ZipFile(path) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != ZIP_STORED or entry.compress_size != entry.file_size for entry in entries):
        raise ValueError("an entry is compressed")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ValueError("the entries are larger than the file")


def _rewrite(draft: Path, path: Path) -> None:
    with ZipFile(draft) as source, ZipFile(path, "w") as target:
        schema = json.loads(source.read(_SCHEMA))
        numbering = _Numbering()
        numbering.renumber(schema)
        for old, new in numbering.files.items():
            target.writestr(ZipInfo(new), source.read(old))
        target.writestr(ZipInfo(_SCHEMA), json.dumps(schema, separators=(",", ":")))


class _Numbering:
    """Replaces addresses in nodes: nodes are numbered 1, 2, 3 in their order of appearance, and their files are named in the same way."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._numbers: dict[int, int] = {}

    def renumber(self, tree: Any) -> None:
        for node in _nodes(tree):
            # Whether two equal texts or numbers are the same object depends on the interpreter, and no model depends on it.
            number = node.pop(_ID, None)
            if number is not None and node["__loader__"] != "JsonNode":
                node[_ID] = self._numbers.setdefault(number, len(self._numbers) + 1)
            if node["__loader__"] == "DictNode" and _ADDRESS in node["content"]:
                node["content"][_ADDRESS]["content"] = "null"
            if isinstance(node.get("file"), str):
                name = Path(node["file"])
                node["file"] = self.files.setdefault(node["file"], f"{len(self.files) + 1}{name.suffix}")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of a tree, parents first. The members of a set, which have no order, are sorted by their contents."""
    if isinstance(tree, dict):
        if isinstance(tree.get("__loader__"), str):
            yield tree
            if tree["__loader__"] == "SetNode":
                tree["content"].sort(key=_contents)
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _contents(node: Any) -> str:
    return json.dumps(_bare(node), sort_keys=True)


def _bare(tree: Any) -> Any:
    """A node without the numbers of objects."""
    if isinstance(tree, dict):
        return {key: _bare(value) for key, value in tree.items() if key != _ID}
    return [_bare(value) for value in tree] if isinstance(tree, list) else tree
