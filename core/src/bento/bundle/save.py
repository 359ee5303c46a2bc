"""Saving: a service becomes a bundle, whole or not at all."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..opening import open_file
from ..packers.lock import parse_lock
from .edits import warn_of_saved
from .examples import Golden, write_examples
from .files.atomic import new_folder
from .files.hashing import Hasher, Progress, list_digest
from .files.tree import relative, walk
from .installed.environment import Environment
from .installed.wheels import build_wheel
from .manifest.fields import TIME_FORMAT
from .manifest.manifest import FORMAT, Manifest
from .manifest.paths import ENVIRONMENT, LOCK, MANIFEST, README, REQUIREMENTS, SBOM, WHEELS
from .model import Bundle, open_bundle
from .plan import Plan, make_plan
from .readme import write_readme
from .requirements.lock import lock_tree
from .sbom import write_sbom
from .slots import save_models
from .source.home import find_home
from .source.script import check_guarded, imported_as

if TYPE_CHECKING:
    from ..service import Service
    from .manifest.entries import ExampleEntry

_PIECE: Final = 1 << 20


def write_bundle(
    service: Service,
    folder: Path,
    *,
    version: str | None = None,
    labels: Mapping[str, str] | None = None,
    examples: Sequence[Golden] = (),
    lock: bool = False,
    progress: Progress | None = None,
) -> Bundle:
    """Save a service as the folder `folder`, which does not exist yet, with its models, its code and its requirements.

    By default, `version` is the time and the first six digits of the bundle's digest. With `SOURCE_DATE_EPOCH` set, the same service gives
    the same bytes. With `lock`, all distributions to install are resolved and listed with their hashes. `progress` is called with the
    number of bytes hashed so far. If anything fails, nothing is left behind, and the error says what failed.
    """
    environment = Environment.read()
    home = find_home(type(service), environment)
    module = sys.modules[type(service).__module__]
    check_guarded(module, home.file)
    with imported_as(module, home.module):
        plan = make_plan(service, home, environment, version, labels)
        warn_of_saved(type(service), plan.files.values())
        with new_folder(folder) as draft:
            save_models(service, draft)
            _write_files(plan, draft)
            if lock:
                _write(draft / LOCK, lock_tree(plan.name, plan.requirements, environment, draft, plan.env.python_version))
            _write_manifest(plan, write_examples(examples, draft), draft, progress)
    return open_bundle(folder)


def _write_files(plan: Plan, draft: Path) -> None:
    for path, file in plan.files.items():
        _copy(file, draft / path)
    for installed in plan.wheels:
        (draft / WHEELS).mkdir(exist_ok=True)
        build_wheel(installed, draft / WHEELS)
    # pip resolves the path from this file's folder, wherever it is run.
    links = [f"--find-links {WHEELS}"] if plan.wheels else []
    _write(draft / REQUIREMENTS, "".join(f"{line}\n" for line in (*links, *plan.requirements)))
    if plan.conda is not None:
        _write(draft / ENVIRONMENT, plan.conda.text())
    _write(draft / README, write_readme(plan.name, plan.doc, plan.apis))


def _write_manifest(plan: Plan, examples: tuple[ExampleEntry, ...], draft: Path, progress: Progress | None) -> None:
    hasher = Hasher(progress)
    paths = sorted(relative(entry, draft) for entry in walk(draft) if entry.is_file(follow_symlinks=False))
    hashed = [hasher.hash(draft, path) for path in paths]
    locked = parse_lock((draft / LOCK).read_text("utf-8")).values() if (draft / LOCK).exists() else ()
    (draft / SBOM).write_bytes(write_sbom(plan.name, plan.requirements, plan.artifacts, hashed, locked))
    files = tuple(sorted([*hashed, hasher.hash(draft, SBOM)], key=attrgetter("path")))
    manifest = Manifest(
        format=FORMAT,
        name=plan.name,
        version=plan.version or f"{plan.created:%Y%m%dT%H%M%S}-{list_digest(files)[:6]}",
        created=plan.created.strftime(TIME_FORMAT),
        labels=plan.labels,
        service=plan.service,
        doc=plan.doc,
        apis=plan.apis,
        artifacts=plan.artifacts,
        examples=examples,
        requirements=plan.requirements,
        python=".".join(map(str, sys.version_info[:3])),
        platform=sysconfig.get_platform(),
        code=plan.code,
        env=plan.env,
        files=files,
    )
    (draft / MANIFEST).write_bytes(manifest.encode())


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_file(file) as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, _PIECE)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
