"""Loading: a verified bundle becomes a service again."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..artifact import Artifact, Packed
from ..errors import ArtifactError, BundleError
from ..service import Service
from .edits import warn_of_loaded
from .importing import import_source, modules_of
from .manifest.paths import ARTIFACTS
from .needs import check_plugins, other_versions
from .verify import verify

if TYPE_CHECKING:
    from .files.hashing import Progress
    from .files.ledger import Ledger
    from .manifest.entries import ArtifactEntry
    from .model import Bundle

log = logging.getLogger(__name__)


def load_service(bundle: Bundle, *, progress: Progress | None = None, ledger: Ledger | None = None) -> Service:
    """Verify a bundle, import its source, load its models, and return the service.

    Nothing in a bundle is used before all of it is verified. The caller must already have decided to trust it. A missing plugin is a
    PluginError, a model that cannot be loaded an ArtifactError, and anything else that prevents loading a BundleError.
    """
    verify(bundle, progress, ledger=ledger)
    _check_python(bundle)
    check_plugins(bundle)
    kind = _find_class(bundle)
    _check_slots(bundle, kind)
    warn_of_loaded(kind, bundle, modules_of(bundle))
    service = kind(**{entry.slot: _load_model(bundle, kind.artifacts[entry.slot], entry) for entry in bundle.manifest.artifacts})
    if service.name != bundle.name:
        vars(service)["name"] = bundle.name  # a plugin's class serves bundles of many names
    return service


def _check_python(bundle: Bundle) -> None:
    here, saved, chosen = sys.version_info, bundle.manifest.python, bundle.manifest.env.python_version
    this = ".".join(map(str, here[:3]))
    if chosen is not None and not f"{this}.".startswith(f"{chosen}."):
        raise BundleError(f"bundle {bundle.tag} needs Python {chosen}, this is {this}: run it with Python {chosen}")
    if chosen is None and saved.split(".")[:2] != this.split(".")[:2]:
        log.warning("bundle %s was saved with Python %s and is loaded with %s: requirements may not fit", bundle.tag, saved, this)


def _find_class(bundle: Bundle) -> type[Service]:
    module = import_source(bundle)
    name = bundle.manifest.service.partition(":")[2]
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, Service)):
        raise BundleError(f"bundle {bundle.tag} needs a service class {name} of {module.__name__} ({module.__file__}), which has none")
    return found


def _check_slots(bundle: Bundle, kind: type[Service]) -> None:
    """A class that comes from an installed distribution may have changed since the bundle was saved."""
    saved = {entry.slot: entry.format for entry in bundle.manifest.artifacts}
    slots = {slot: artifact.name for slot, artifact in kind.artifacts.items()}
    if slots != saved:
        raise BundleError(f"bundle {bundle.tag} holds the slots {_listed(saved)}, but {kind.__name__} has {_listed(slots)}: save it again")


def _listed(slots: Mapping[str, str]) -> str:
    return ", ".join(f"{slot} ({name})" for slot, name in slots.items()) or "none"


def _load_model(bundle: Bundle, artifact: Artifact[Any], entry: ArtifactEntry) -> Packed[object]:
    try:
        return Packed(artifact.load(bundle.path / ARTIFACTS / entry.slot), entry.metadata)
    except Exception as error:
        cause = error if isinstance(error, ArtifactError) else f"{type(error).__name__}: {error}"
        raise ArtifactError(
            f"bundle {bundle.tag} cannot load {entry.slot} ({entry.format}): {cause}{other_versions(bundle, entry.format)}"
        ) from error
