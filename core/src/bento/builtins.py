"""What core adds, through the same hooks as any plugin: core is a plugin of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter
from .artifacts import ArrayArtifact, FileArtifact, JsonArtifact, PickleArtifact, TextArtifact
from .hookspecs import hookimpl

if TYPE_CHECKING:
    from .adapter import Adapter
    from .artifact import Artifact
    from .packer import Packer


@hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """Core's own artifacts."""
    return [ArrayArtifact, FileArtifact, JsonArtifact, PickleArtifact, TextArtifact]


@hookimpl
def bento_register_adapters() -> list[type[Adapter[Any]]]:
    """Core's own adapters."""
    return [ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter]


@hookimpl
def bento_register_packers() -> list[type[Packer]]:
    """Core's own packers, imported only when somebody packs, because a server starts a hundredth of a second earlier without them."""
    from .packers import (
        ArchivePacker,
        DockerPacker,
        FolderPacker,
        HerokuPacker,
        LambdaPacker,
        OciPacker,
        SagemakerPacker,
        SystemdPacker,
        WheelPacker,
    )

    return [ArchivePacker, DockerPacker, FolderPacker, HerokuPacker, LambdaPacker, OciPacker, SagemakerPacker, SystemdPacker, WheelPacker]
