"""The parts of a manifest."""

from __future__ import annotations

from . import fields  # noqa: TC001 - records read their annotations
from .records import Record


class File(Record):
    """One file of the bundle; `path` is relative to the bundle's folder, its parts joined by `/`."""

    path: fields.FilePath
    size: fields.Size
    sha256: fields.Sha256


class ArtifactEntry(Record):
    """One slot; `distribution` and `version` are those of the plugin that provides `format`, None for the service's own artifact class."""

    slot: fields.Identifier
    format: fields.FormatName
    options: fields.JsonObject
    distribution: fields.DistributionName | None
    version: fields.DistributionVersion | None
    runs_code: fields.Flag
    type: fields.TypeName
    metadata: fields.JsonObject


class AdapterEntry(Record):
    """An input or output; `distribution` and `version` are of the plugin that provides `adapter`, None for the service's own class."""

    adapter: fields.FormatName
    options: fields.JsonObject
    media_types: tuple[fields.MediaType, ...]
    schema: fields.JsonObject
    distribution: fields.DistributionName | None
    version: fields.DistributionVersion | None


class BatchEntry(Record):
    """How an api's requests are batched; `wait` is in seconds."""

    size: fields.Rows
    wait: fields.Wait


class ApiEntry(Record):
    """One api; `output` is None when each returned value decides how it is written, `timeout` is in seconds."""

    name: fields.Identifier
    path: fields.Route
    doc: fields.Doc
    batch: BatchEntry | None
    timeout: fields.Timeout
    input: AdapterEntry
    output: AdapterEntry | None


class CondaEntry(Record):
    """A conda environment, with the same contents as the bundle's `environment.yml`."""

    channels: tuple[fields.CondaChannel, ...]
    dependencies: tuple[fields.CondaSpec, ...]


class EnvEntry(Record):
    """What `Env` declares besides requirements; `setup` is a file of the bundle."""

    apt: tuple[fields.AptPackage, ...]
    base_image: fields.BaseImage | None
    conda: CondaEntry | None
    python_version: fields.PythonChoice | None
    setup: fields.FilePath | None


class CodeEntry(Record):
    """The Git commit of a service's module.

    `dirty` means that the bundle has code that is not in the commit; `path` is the module's path from the repository's root.
    """

    commit: fields.Commit
    dirty: fields.Flag
    path: fields.FilePath


class BodyEntry(Record):
    """A request's or an answer's body; `path` is the file that holds it."""

    path: fields.FilePath
    content_type: fields.ContentType


class ExampleEntry(Record):
    """A golden example; numbers in the answer may differ by `tolerance`, relative to the larger one or absolute."""

    name: fields.ExampleName
    api: fields.Identifier
    request: BodyEntry
    answer: BodyEntry
    tolerance: fields.Tolerance
