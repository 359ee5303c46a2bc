"""Classes of transformers by their names. A bundle cannot name any others."""

from __future__ import annotations

from typing import Any

from bento import ArtifactError, type_name

_PACKAGE = "transformers"

BASES = {
    "model": ["PreTrainedModel"],
    "pipeline": ["Pipeline"],
    "tokenizer": ["PreTrainedTokenizerBase"],
    "feature_extractor": ["FeatureExtractionMixin"],
    "image_processor": ["ImageProcessingMixin"],
    "video_processor": ["BaseVideoProcessor"],
    "processor": ["ProcessorMixin", "ImageProcessingMixin", "BaseVideoProcessor", "FeatureExtractionMixin"],
}
"""The base class that each part of a model must have. All keys except the first two are attributes of pipelines."""
PARTS = [name for name in BASES if name not in ("model", "pipeline")]


def name_of(value: Any, part: str) -> str:
    """The name by which the class of a part is found again. A class that is not transformers' own is refused."""
    kind = type(value)
    try:
        found = find_class(kind.__name__, part)
    except ArtifactError as error:
        raise ArtifactError(
            f"the {part} is a {type_name(value)}: expected a {part} of transformers' own, since no other class can be found again"
        ) from error
    if found is not kind:
        raise ArtifactError(f"the {part} is a {type_name(value)}, and not {found.__module__}.{found.__name__}, which is found by that name")
    name: str = found.__name__
    return name


def find_class(name: object, part: str) -> Any:
    """The class that a bundle names for a part. An ArtifactError if transformers has no such class."""
    import transformers

    bases = tuple(getattr(transformers, base) for base in BASES[part] if hasattr(transformers, base))
    found = getattr(transformers, name, None) if isinstance(name, str) else None
    if not (isinstance(found, type) and issubclass(found, bases) and found.__module__.startswith(f"{_PACKAGE}.")):
        raise ArtifactError(f"transformers {transformers.__version__} has no {part} {name!r}")
    return found
