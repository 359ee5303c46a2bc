"""The registry: which plugins are installed, what each provides, and which one failed and why.

pluggy's own entry-point loader stops at the first plugin that raises, so each plugin is loaded here on its own, all or nothing:
import, register, check for misspelt hooks, collect, check names, commit.
"""

from __future__ import annotations

from .plugin import CORE, Plugin
from .registry import GROUP, Registry, installed

__all__ = ["CORE", "GROUP", "Plugin", "Registry", "installed"]
