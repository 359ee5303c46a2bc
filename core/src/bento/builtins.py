"""What core adds, through the same hooks as any plugin: core is a plugin of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter
from .hookspecs import hookimpl

if TYPE_CHECKING:
    from .adapter import Adapter


@hookimpl
def bento_register_adapters() -> list[type[Adapter[Any]]]:
    """Core's own adapters."""
    return [ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter]
