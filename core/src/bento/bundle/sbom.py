"""The bill of materials: what a bundle is made of, as CycloneDX in JSON, for tools that look for known vulnerabilities and licences.

It lists what `requirements.txt` pins, the wheels with their digests, and the models. With a lock, it also lists the indirect requirements,
which are otherwise unknown until installation. It does not say which distribution needs which, so the dependencies are marked as
incomplete. Times and serial numbers are left out, as the specification allows, so that the same bundle gives the same bytes.

Source: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/; package URLs of the type pypi, https://github.com/package-url/purl-spec.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from .. import __version__
from ..errors import BundleError
from .manifest.paths import ARTIFACTS, SBOM, WHEELS
from .model import read_file

if TYPE_CHECKING:
    from ..artifact import JSON
    from ..packers.lock import Locked
    from .manifest.entries import ArtifactEntry, File
    from .model import Bundle

_SPECIFICATION: Final = "1.6"
_SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_LARGEST: Final = 64 << 20


def write_sbom(
    name: str, requirements: Iterable[str], artifacts: Iterable[ArtifactEntry], files: Sequence[File], locked: Iterable[Locked] = ()
) -> bytes:
    """The document for a bundle of this name, whose wheels and models are among `files`; `locked` is everything to install."""
    components = [*_libraries(requirements, files), *(_model(entry, files) for entry in artifacts)]
    direct = {str(component["bom-ref"]) for component in components}
    deeper = [_library(each.name, each.version, None) for each in locked if _purl(each.name, each.version) not in direct]
    service: dict[str, JSON] = {"type": "application", "bom-ref": f"service:{name}", "name": name}
    tool: dict[str, JSON] = {"type": "application", "name": "bento-core", "version": __version__}
    references: list[JSON] = [*sorted(direct)]
    document: dict[str, JSON] = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": _SPECIFICATION,
        "version": 1,
        "metadata": {"tools": {"components": [tool]}, "component": service},
        "components": [*components, *deeper],
        "dependencies": [{"ref": f"service:{name}", "dependsOn": references}],
        "compositions": [{"aggregate": "incomplete", "dependencies": [f"service:{name}"]}],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def check_sbom(bundle: Bundle) -> None:
    """Refuse, with a BundleError, a bill that leaves out or contradicts what the manifest lists, because other tools read only the bill.

    A bundle may have no bill.
    """
    manifest = bundle.manifest
    if all(file.path != SBOM for file in manifest.files):
        return
    expected = _facts(write_sbom(manifest.name, manifest.requirements, manifest.artifacts, manifest.files))
    content = read_file(bundle, SBOM, _LARGEST + 1)
    try:
        told = _facts(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"bundle {bundle.tag} is damaged: {SBOM!r} is not a bill of materials: expected CycloneDX, as JSON") from error
    for name, facts in expected.items():
        if told.get(name) != facts:
            kind, of = name
            raise BundleError(f"bundle {bundle.tag} is damaged: {SBOM!r} says something untrue of the {kind} {of!r}")


def _libraries(requirements: Iterable[str], files: Sequence[File]) -> Iterator[dict[str, JSON]]:
    """Each required distribution once; if the bundle has a wheel of it, with the wheel's version and digest."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name, parse_wheel_filename

    wheels: dict[str, tuple[str, File]] = {}
    for file in files:
        if file.path.startswith(f"{WHEELS}/"):
            distribution, version, *_ = parse_wheel_filename(file.path.rpartition("/")[2])
            wheels[distribution] = (str(version), file)
    for requirement in sorted(map(Requirement, requirements), key=lambda each: canonicalize_name(each.name)):
        distribution = canonicalize_name(requirement.name)
        pinned = next((each.version for each in requirement.specifier if each.operator in ("==", "===")), "")
        yield _library(distribution, *wheels.get(distribution, (pinned, None)))


def _library(name: str, version: str, wheel: File | None) -> dict[str, JSON]:
    purl = _purl(name, version)
    library: dict[str, JSON] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if wheel is not None:
        library |= {"hashes": _hashes(wheel), "properties": [{"name": "bento:file", "value": wheel.path}]}
    return library


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{quote(version, safe='')}"


def _model(entry: ArtifactEntry, files: Sequence[File]) -> dict[str, JSON]:
    """A slot, with its files."""
    parts: list[JSON] = [
        {"type": "file", "bom-ref": file.path, "name": file.path, "hashes": _hashes(file)}
        for file in files
        if file.path.startswith(f"{ARTIFACTS}/{entry.slot}/")
    ]
    facts = {"format": entry.format, "runs-code": str(entry.runs_code).lower(), "type": entry.type}
    properties: list[JSON] = [{"name": f"bento:{fact}", "value": value} for fact, value in facts.items()]
    model: dict[str, JSON] = {"type": "machine-learning-model", "bom-ref": f"model:{entry.slot}", "name": entry.slot}
    return model | {"components": parts, "properties": properties}


def _hashes(file: File) -> list[JSON]:
    return [{"alg": "SHA-256", "content": file.sha256}]


def _facts(content: bytes) -> dict[tuple[str, str], object]:
    """The facts to compare of each component, by its type and name."""
    return {(each["type"], each["name"]): _fact(each) for each in json.loads(content)["components"]}


def _fact(component: dict[str, Any]) -> object:
    return component.get("version"), _listed_hashes([component]), _listed_hashes(component.get("components", ()))


def _listed_hashes(components: Iterable[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((each["name"], one["alg"], one["content"]) for each in components for one in each.get("hashes", ()))
