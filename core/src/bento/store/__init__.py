"""The store: named, versioned bundles on this machine, and whose code may run here."""

from __future__ import annotations

from .local import Store
from .models import service_to_save
from .packing import pack
from .trust import check_trust
from .usual import find, load, unpack

__all__ = ["Store", "check_trust", "find", "load", "pack", "service_to_save", "unpack"]
