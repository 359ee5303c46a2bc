"""Writing a new project from the templates beside this module: they are texts in which names are filled in, and none of their code runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

import click

from .output import tell

_TEMPLATES = Path(__file__).with_name("templates")
_SUFFIX = ".template"


def write_project(template: str, folder: Path, values: Mapping[str, str], *, licence: str | None = None) -> list[str]:
    """Write the files of a template into a folder that is not there yet, all or none, and return their names.

    `package` in a file's name is replaced by the package of `values`; a licence is a separate template.
    """
    if folder.is_symlink() or folder.exists():
        raise click.ClickException(f"{str(folder)!r} is there already: remove it, or name another folder")
    if not folder.parent.is_dir():
        raise click.ClickException(f"there is no folder {str(folder.parent)!r} to write into: make it, or name another folder")
    texts = dict(_filled(template, values))
    if licence:
        texts["LICENSE"] = Template(_read(_TEMPLATES / "licences" / f"{licence}{_SUFFIX}")).safe_substitute(values)
    try:
        _write(texts, folder)
    except OSError as error:
        raise click.ClickException(f"cannot write {str(folder)!r}: {error.strerror}") from error
    return sorted(texts)


def _write(texts: Mapping[str, str], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".bento-new-", dir=folder.parent) as place:
        draft = Path(place, "project")
        for name, text in texts.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_text(text, encoding="utf-8")
        draft.rename(folder)


def tell_project(folder: Path, files: Sequence[str], steps: Sequence[str], *, as_json: bool) -> None:
    """Print what was written, and the commands to run next."""
    text = f"wrote {len(files)} files into {folder}\n" + "\n  ".join(["\nnext:", *steps])
    tell(text, {"path": str(folder), "files": list(files), "next": list(steps)}, as_json=as_json)


def _filled(template: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    root = _TEMPLATES / template
    for path in sorted(root.rglob(f"*{_SUFFIX}")):
        name = path.relative_to(root).as_posix().removesuffix(_SUFFIX).replace("package", values["package"])
        yield name, Template(_read(path)).substitute(values)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
