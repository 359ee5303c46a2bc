"""The requirements of a model, which MLflow saved with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from bento import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "requirements.txt"
# Source: pip's "Requirements File Format": a comment starts the line or follows a space.
_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTION = re.compile(r"(^|\s)--?[A-Za-z]")
_MLFLOW = re.compile(r"mlflow([-_.]skinny)?(?![A-Za-z0-9._-])", re.IGNORECASE)


def required(folder: Path) -> Iterator[str]:
    """Each requirement in a model's `requirements.txt`. An ArtifactError if the file has an option, which a bundle cannot keep."""
    for number, line in enumerate(_read(folder / _FILE).splitlines(), 1):
        text = _COMMENT.sub("", line).strip()
        if _OPTION.search(text) or text.endswith("\\"):
            raise ArtifactError(
                f"{str(folder / _FILE)!r} has {text!r} in line {number}: expected one requirement a line, and no options, "
                "since a bundle keeps requirements only"
            )
        yield from _asked(text)


def _asked(text: str) -> list[str]:
    # Later releases of MLflow read models of earlier ones, so the bundle requires the release and the distribution installed here.
    if _MLFLOW.match(text):
        return ["mlflow"] if _is_installed("mlflow") else []
    return [text] if text else []


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ArtifactError(
            f"cannot read {str(file)!r}, which says what the model needs: {error}: write one, if only an empty one"
        ) from error
