"""HerokuPacker: a bundle as a folder to commit and push to Heroku, or to whatever runs a Procfile."""

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
# The platform says where to listen, and with how many processes; 30 seconds after it has asked a process to stop it kills it. Its router
# keeps connections for 90 seconds.
_OPTIONS = '--host 0.0.0.0 --port "$PORT" --workers "${WEB_CONCURRENCY:-1}" --grace 25 --keep-alive 120'
_PROCFILE = f"web: exec bento serve ./{BUNDLE} --trust {_OPTIONS}\n"
# Git may change the ends of lines, and a bundle's files may not change at all.
_ATTRIBUTES = "* -text\n"
# A user's own list of what Git ignores may have wheels on it, or models.
_NOTHING_IGNORED = "!*\n"


class HerokuPacker(Packer):
    """Pack a bundle into a folder that is committed to Git and pushed to Heroku: its `Procfile` serves on `PORT`.

    Packages that `Env(apt=...)` names are installed by Heroku's own buildpack for them.
    """

    name = "heroku"
    summary = "a folder for `git push heroku`, or whatever else runs a Procfile"

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the folder. Each value of the manifest is checked again by the type of its field: a wrong one is a PackerError."""
        with checking(bundle, "an app"):
            texts = _texts(bundle)
        with create(out) as draft:
            write_around(bundle, draft, texts)
            set_modes(draft)
        return out


def _texts(bundle: Bundle) -> dict[str, str]:
    """What is written rather than copied, by path."""
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
