"""The manifest, `bento.json`: everything a bundle says about itself, each field checked by its type.

It holds only what depends on the service, the history of its code, and the kind of machine, so that the same service, saved with the same
`SOURCE_DATE_EPOCH`, gives the same bytes. What depends on the occasion, such as who saved it, is kept by the store beside the bundle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from . import fields  # noqa: TC001 - records read their annotations
from .checks import FieldError
from .entries import ApiEntry, ArtifactEntry, CodeEntry, EnvEntry, ExampleEntry, File  # noqa: TC001 - as above
from .paths import ARTIFACTS, ENVIRONMENT, LOCK, check_distinct, parents
from .records import Record

FORMAT: Final = 1
"""The format that is written."""


class Manifest(Record):
    """A whole `bento.json`."""

    format: fields.Format
    name: fields.BundleName
    version: fields.Version
    created: fields.Timestamp
    labels: Mapping[fields.LabelName, fields.LabelValue]
    service: fields.Reference
    doc: fields.Doc
    apis: tuple[ApiEntry, ...]
    artifacts: tuple[ArtifactEntry, ...]
    examples: tuple[ExampleEntry, ...]
    requirements: tuple[fields.Requirement, ...]
    python: fields.PythonVersion
    platform: fields.Platform
    code: CodeEntry | None
    env: EnvEntry
    files: tuple[File, ...]

    @property
    def is_locked(self) -> bool:
        """Whether the bundle has a lock: everything that is installed for it, with hashes."""
        return any(file.path == LOCK for file in self.files)

    def check_whole(self) -> None:
        _check_unique(".apis", [api.name for api in self.apis])
        _check_unique(".artifacts", [artifact.slot for artifact in self.artifacts])
        _check_unique(".examples", [example.name for example in self.examples])
        _check_files(self.files)
        _check_used(self)

    def encode(self) -> bytes:
        """The canonical JSON: sorted keys, two spaces, UTF-8, a newline at the end."""
        return (json.dumps(self.plain(), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _check_unique(field: str, names: list[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise FieldError("each name once", name, f"{field}[{index}]")
        seen.add(name)


def _check_files(files: Sequence[File]) -> None:
    try:
        check_distinct([file.path for file in files])
    except FieldError as error:
        raise error.under(".files") from None
    sizes: dict[str, int] = {}
    for index, file in enumerate(files):
        if sizes.setdefault(file.sha256, file.size) != file.size:
            raise FieldError("one size for one digest", file.size, f".files[{index}].size")


def _check_used(manifest: Manifest) -> None:
    """Refuse a manifest that refers to files or apis that it does not list."""
    paths = {file.path for file in manifest.files}
    folders = {folder for path in paths for folder in parents(path)}
    for index, artifact in enumerate(manifest.artifacts):
        if f"{ARTIFACTS}/{artifact.slot}" not in folders:
            raise FieldError(f"files in {ARTIFACTS}/{artifact.slot}", [], f".artifacts[{index}]")
    apis = {api.name for api in manifest.apis}
    for index, example in enumerate(manifest.examples):
        if example.api not in apis:
            raise FieldError("one of the apis", example.api, f".examples[{index}].api")
        for field, body in (("request", example.request), ("answer", example.answer)):
            if body.path not in paths:
                raise FieldError("one of the files", body.path, f".examples[{index}].{field}.path")
    if manifest.env.conda is not None and ENVIRONMENT not in paths:
        raise FieldError(f"a file {ENVIRONMENT}", [], ".env.conda")
    if manifest.env.setup is not None and manifest.env.setup not in paths:
        raise FieldError("one of the files", manifest.env.setup, ".env.setup")
