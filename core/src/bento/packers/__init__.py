"""Core's packers: they make a folder, a single file, or the input of a container builder, a hosting platform or a machine from a bundle.

To write your own packer, subclass `bento.Packer`. Use `create` in it: what you write in its block becomes the output only if nothing fails.
"""

from __future__ import annotations

from .archive import ArchivePacker
from .aws_lambda import LambdaPacker
from .docker import DockerPacker
from .folder import FolderPacker
from .heroku import HerokuPacker
from .oci import OciPacker
from .output import create
from .sagemaker import SagemakerPacker
from .systemd import SystemdPacker
from .wheel import WheelPacker

__all__ = [
    "ArchivePacker",
    "DockerPacker",
    "FolderPacker",
    "HerokuPacker",
    "LambdaPacker",
    "OciPacker",
    "SagemakerPacker",
    "SystemdPacker",
    "WheelPacker",
    "create",
]
