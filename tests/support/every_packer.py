"""All of core's packers, for tests of what holds for each: a new packer is tested without being named again."""

from __future__ import annotations

from bento.builtins import bento_register_packers
from bento.packers import OciPacker

PACKERS = tuple(kind(base="scratch", packages="base") if kind is OciPacker else kind() for kind in bento_register_packers())
"""Told no more than they need, and to ask no registry."""
