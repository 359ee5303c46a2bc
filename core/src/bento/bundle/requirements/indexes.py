"""Package indexes: the settings that pip has here, passed to uv, which does not read them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

# Each setting of pip with uv's variable for it, and the separator of several values there.
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
    """Arguments and environment variables that make uv look where pip does, from pip's settings and variables such as `PIP_INDEX_URL`.

    Both are empty if uv's own variables say where to look. Values that may hold a password are never arguments.
    """
    if any(name in os.environ for name in _OWN):
        return [], {}
    given = {name: value for name, value in _settings() if value}
    told = {uv: joint.join(given[name].split()) for name, (uv, joint) in _SETTINGS.items() if name in given}
    if "UV_INDEX" in told:
        # pip takes the best version of all its indexes; uv takes that of the first index that has the package, unless told otherwise.
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return ["--no-index"] if given.get(_NO_INDEX, "").lower() in _YES else [], told


def _settings() -> Iterator[tuple[str, str]]:
    """The settings of pip, those of lower precedence first."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    lines = [line.partition("=") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    for section in ("global.", "install."):
        yield from ((key.removeprefix(section), str(ast.literal_eval(value))) for key, _, value in lines if key.startswith(section))
    for name in (*_SETTINGS, _NO_INDEX):
        yield name, os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "")
