"""Registries as places: each file is a blob of one repository, each bundle an artifact under a tag.

The config of an artifact is the bundle's manifest. Its layers are the bundle's files, titled with their paths, so that other tools can pull
them, too. `iris:1` has the tag `iris..1`, because neither a name nor a version holds two dots. A signature is the config and the one layer
of an artifact of its own, under the tag `iris..1..<fingerprint of the key>`, or `iris..1..<digest>.sigstore`.

Source: OCI distribution specification 1.1 (pull, push, content discovery), OCI image specification 1.1 (manifest).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ...bundle.manifest.formats import read_manifest
from ...bundle.manifest.paths import MANIFEST
from ...bundle.signing.signatures import is_signature
from ...errors import RemoteError
from .address import shown
from .place import PIECE, Place, Tally, check_file
from .registry import Registry

if TYPE_CHECKING:
    from ...bundle.manifest.entries import File

_ARTIFACT: Final = "application/vnd.bento.bundle.v1"
_CONFIG: Final = "application/vnd.bento.manifest.v1+json"
_SIGNATURE: Final = "application/vnd.bento.signature.v1+json"
_SIGSTORE: Final = ".sigstore"
_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
_LAYER: Final = "application/octet-stream"
_TITLE: Final = "org.opencontainers.image.title"
_LONGEST_TAG: Final = 128
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LARGEST_MANIFEST: Final = 4 << 20
"""The least that the specification has every registry accept, in bytes."""


class RegistryPlace(Place):
    """One repository of a registry: `oci://registry.example.org/team/models`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if "@" in parts.netloc:
            host = parts.netloc.rpartition("@")[2]
            raise RemoteError(
                f"{shown(url)} says who you are, but a registry is told only what docker login has saved: "
                f"docker login {host}, and leave it out"
            )
        self._registry = Registry(parts.netloc, parts.path.strip("/"))

    def size(self, path: str) -> int | None:
        return self._registry.size(f"blobs/{_digest(path)}")

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        is_blob = path.startswith("blobs/")
        digest = _digest(path) if is_blob else self._config(_tag(path))
        found = hashlib.sha256()
        with closing(self._registry.get(f"blobs/{digest}", start=start)) as answer:
            while piece := answer.read(PIECE):
                found.update(piece)
                yield piece
        if not is_blob and digest != f"sha256:{found.hexdigest()}":
            raise RemoteError(f"what the registry has as {digest} has another digest")

    def write(self, path: str, source: Path, file: File, moved: Tally) -> None:
        with source.open("rb") as content:
            check_file(content, file, source)
            content.seek(0)
            # The registry compares the content with the digest, and refuses any other.
            self._registry.upload(_digest(path), _Telling(content, moved), file.size)

    def create(self, path: str, content: bytes) -> bool:
        tag, digest = _tag(path), f"sha256:{hashlib.sha256(content).hexdigest()}"
        if self._registry.size(f"blobs/{digest}") is None:
            self._registry.upload(digest, content, len(content))
        describe = _signature_artifact if is_signature(path.rpartition("/")[2]) else _artifact
        return self._put_new(tag, describe(content, digest), digest)

    def paths(self, folder: str) -> list[str]:
        pairs = (tag.split("..") for tag in self._registry.tags())
        found = [path for parts in pairs if (path := _path(parts))]
        return [path for path in found if path.startswith(f"{folder}/")]

    def _put_new(self, tag: str, document: bytes, digest: str) -> bool:
        """Put a manifest whose config has this digest under a free tag, and return whether the tag now has this manifest.

        The protocol cannot put a manifest only if there is none. So if two clients find the tag free and both put theirs, the later one
        wins. The other client finds that out by looking again, unless it looked in between. A registry with immutable tags refuses the
        later one.
        """
        if self._registry.size(f"manifests/{tag}", accept=_IMAGE) is not None:
            return False
        try:
            self._registry.put(f"manifests/{tag}", document, _IMAGE)
        except RemoteError:
            if self._registry.size(f"manifests/{tag}", accept=_IMAGE) is None:
                raise
        return self._config(tag) == digest

    def _config(self, tag: str) -> str:
        with closing(self._registry.get(f"manifests/{tag}", accept=_IMAGE)) as answer:
            content = answer.read(_LARGEST_MANIFEST + 1)
        try:
            config: Mapping[str, Any] = json.loads(content)["config"]
            if config["mediaType"] in (_CONFIG, _SIGNATURE) and _DIGEST.fullmatch(config["digest"]):
                return str(config["digest"])
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise FileNotFoundError(tag)  # something else, which bento did not put there


def _artifact(content: bytes, digest: str) -> bytes:
    """The registry's manifest of a bundle with this `bento.json`."""
    layers = [
        {"mediaType": _LAYER, "digest": f"sha256:{file.sha256}", "size": file.size, "annotations": {_TITLE: file.path}}
        for file in read_manifest(content).files
    ]
    config = {"mediaType": _CONFIG, "digest": digest, "size": len(content)}
    document = {"schemaVersion": 2, "mediaType": _IMAGE, "artifactType": _ARTIFACT, "config": config, "layers": layers}
    encoded = json.dumps(document, separators=(",", ":")).encode()
    if len(encoded) > _LARGEST_MANIFEST:
        raise RemoteError(
            f"a registry takes manifests of up to {_LARGEST_MANIFEST} bytes, and the one for {len(layers)} files has {len(encoded)}"
        )
    return encoded


def _signature_artifact(content: bytes, digest: str) -> bytes:
    """The registry's manifest of a signature with this file."""
    config = {"mediaType": _SIGNATURE, "digest": digest, "size": len(content)}
    document = {"schemaVersion": 2, "mediaType": _IMAGE, "artifactType": _SIGNATURE, "config": config, "layers": [config]}
    return json.dumps(document, separators=(",", ":")).encode()


def _path(parts: list[str]) -> str | None:
    """The path of a tag, which is split at its two dots; None for a tag that is not bento's."""
    match parts:
        case [name, version]:
            return f"bundles/{name}/{version}/{MANIFEST}"
        case [name, version, key] if is_signature(file := f"bento.{key}" + (".json" if key.endswith(_SIGSTORE) else ".sig")):
            return f"bundles/{name}/{version}/{file}"
    return None


def _digest(path: str) -> str:
    return f"sha256:{path.rpartition('/')[2]}"


def _tag(path: str) -> str:
    _, name, version, file = path.split("/")
    key = file.removeprefix("bento.").removesuffix(".sig").removesuffix(".json")
    tag = "..".join((name, version, *([key] if is_signature(file) else [])))
    if len(tag) > _LONGEST_TAG:
        raise RemoteError(f"a registry takes tags of up to {_LONGEST_TAG} characters, and {tag!r} has {len(tag)}: choose a shorter version")
    return tag


class _Telling:
    """A file that reports how much of it was read."""

    def __init__(self, file: IO[bytes], moved: Tally) -> None:
        self._file = file
        self._moved = moved

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._moved(len(piece))
        return piece
