"""spaCy pipelines, in the files that spaCy writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import Artifact, ArtifactError, Service, instance_of
from bento.artifacts import has_file, read_json, slot_file, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from spacy.language import Language

_FOLDER = "pipeline"
_SETTINGS = ("config.cfg", "meta.json")
_LIMITS = "limits.json"


class SpacyArtifact(Artifact["Language"]):
    """Keeps a `spacy.Language`: its settings as text, its vocabulary and weights as msgpack and arrays.

    The files contain no code. The settings name components and functions, which are looked up in spaCy, in installed packages, and among
    those that the service's module registers, as with `@Language.component`. `max_length`, which spaCy does not save, is kept as well.
    """

    name = "spacy"
    framework = "spacy"

    def save(self, model: Language, folder: Path) -> None:
        model.to_disk(folder / _FOLDER)
        write_json(folder / _LIMITS, {"max_length": model.max_length})
        # A component that cannot be made again from its name and settings is refused now, and not on the machine that serves.
        self.load(folder)

    def load(self, folder: Path) -> Language:
        import spacy

        for name in _SETTINGS:
            slot_file(folder / _FOLDER, name)
        longest = _longest(slot_file(folder, _LIMITS))
        try:
            _check_own(folder / _FOLDER)
            model = spacy.load(folder / _FOLDER)
        except ArtifactError:
            raise
        except Exception as error:
            raise ArtifactError(f"cannot load {str(folder / _FOLDER)!r}: {type(error).__name__}: {error}") from error
        model.max_length = longest
        return model

    def accepts(self, model: object) -> bool:
        return instance_of(model, "spacy.language", "Language")

    def advice(self, model: object) -> str:
        return f"pack what spacy.load({str(model)!r}) gives" if has_file(model, _SETTINGS[0]) else ""

    def requirements(self) -> list[str]:
        return ["spacy"]

    def default_service(self) -> type[Service] | None:
        from .service import SpacyService

        return SpacyService


def _check_own(folder: Path) -> None:
    """Refuse settings that take a component from another pipeline: spaCy would load it from any place. spaCy never writes such settings."""
    from spacy.util import load_config

    path = folder / _SETTINGS[0]
    for name, component in load_config(path).get("components", {}).items():
        if "source" in component:
            raise ArtifactError(
                f"{str(path)!r} takes {name!r} from {component['source']!r}, which is not part of it: save the pipeline again"
            )


def _longest(path: Path) -> int:
    match read_json(path):
        case {"max_length": int(longest)}:
            return longest
    raise ArtifactError(f"{str(path)!r} is damaged: expected the longest length of a text")
