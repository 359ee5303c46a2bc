"""HerokuPacker: a bundle as a folder to commit and push to Heroku, or to another platform that runs a Procfile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..packer import Packer
from .checked import checking, env_of, refuse_conda, refuse_setup
from .contents import BUNDLE, set_modes, write_around
from .folder_requirements import for_folder
from .output import create

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle.model import Bundle
    from ..env import Env

_LONGEST_NAME = 30
# The platform sets the port and the number of processes. It kills a process 30 seconds after it has asked it to stop. Its router keeps
# connections open for 90 seconds.
_OPTIONS = '--host 0.0.0.0 --port "$PORT" --workers "${WEB_CONCURRENCY:-1}" --grace 25 --keep-alive 120'
_PROCFILE = f"web: exec bento serve ./{BUNDLE} --trust {_OPTIONS}\n"
# Git may convert line ends, but a bundle's files must not change.
_ATTRIBUTES = "* -text\n"
# A user's global Git ignore list may contain wheels or models.
_NOTHING_IGNORED = "!*\n"


class HerokuPacker(Packer):
    """Pack a bundle into a folder to commit to Git and push to Heroku. Its `Procfile` serves on `PORT`.

    Heroku's apt buildpack installs the packages that `Env(apt=...)` names.
    """

    name = "heroku"
    summary = "a folder for `git push heroku`, or whatever else runs a Procfile"

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the folder. Every value of the manifest is checked again; an invalid one is a PackerError."""
        with checking(bundle, "an app"):
            texts = _texts(bundle)
        with create(out) as draft:
            write_around(bundle, draft, texts)
            set_modes(draft)
        return out


def _texts(bundle: Bundle) -> dict[str, str]:
    """The generated files (all that are not copied from the bundle), as texts by path."""
    env = env_of(bundle)
    refuse_setup(bundle, env)
    refuse_conda(bundle)
    texts = {
        "Procfile": _PROCFILE,
        ".gitattributes": _ATTRIBUTES,
        ".gitignore": _NOTHING_IGNORED,
        ".python-version": f"{env.python_version}\n",
        "app.json": _app(bundle, env),
        "requirements.txt": for_folder(bundle, env.python),
    }
    return {**texts, "Aptfile": "".join(f"{package}\n" for package in sorted(env.apt))} if env.apt else texts


def _app(bundle: Bundle, env: Env) -> str:
    """Source: Heroku, "app.json Schema"."""
    buildpacks = [*(["heroku-community/apt"] if env.apt else []), "heroku/python"]
    app = {
        "name": bundle.tag.name[:_LONGEST_NAME],
        "description": next(iter(bundle.manifest.doc.splitlines()), str(bundle.tag)),
        "buildpacks": [{"url": name} for name in buildpacks],
        "formation": {"web": {"quantity": 1}},
    }
    return json.dumps(app, indent=2) + "\n"
