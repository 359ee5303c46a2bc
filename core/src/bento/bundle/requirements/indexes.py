"""Package indexes: where pip would look here, told to uv, which reads no settings of pip's."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

# Settings of pip, what uv calls them, and what joins several values there.
_SETTINGS: Final = MappingProxyType(
    {
        "cert": ("SSL_CERT_FILE", " "),
        "client-cert": ("SSL_CLIENT_CERT", " "),
        "constraint": ("UV_CONSTRAINT", " "),
        "extra-index-url": ("UV_INDEX", " "),
        "find-links": ("UV_FIND_LINKS", ","),
        "index-url": ("UV_DEFAULT_INDEX", " "),
        "proxy": ("ALL_PROXY", " "),
        "timeout": ("UV_HTTP_TIMEOUT", " "),
        "trusted-host": ("UV_INSECURE_HOST", " "),
    }
)
_OWN: Final = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE")
_NO_INDEX: Final = "no-index"
_YES: Final = frozenset({"1", "on", "t", "true", "y", "yes"})


def index_settings() -> tuple[list[str], dict[str, str]]:
    """Arguments and environment variables that have uv look where pip does: in its settings, and in `PIP_INDEX_URL` and the like.

    There are none where uv has been told itself where to look. What may hold a password is no argument.
    """
    if any(name in os.environ for name in _OWN):
        return [], {}
    given = {name: value for name, value in _settings() if value}
    told = {uv: joint.join(given[name].split()) for name, (uv, joint) in _SETTINGS.items() if name in given}
    if "UV_INDEX" in told:
        # pip takes the best version of all its indexes, uv that of the first one that has any.
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return ["--no-index"] if given.get(_NO_INDEX, "").lower() in _YES else [], told


def _settings() -> Iterator[tuple[str, str]]:
    """Settings of pip's, the weaker ones first."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    lines = [line.partition("=") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    for section in ("global.", "install."):
        yield from ((key.removeprefix(section), str(ast.literal_eval(value))) for key, _, value in lines if key.startswith(section))
    for name in (*_SETTINGS, _NO_INDEX):
        yield name, os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "")
