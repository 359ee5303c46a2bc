"""Core's packers: a bundle as a folder, as one file, and as what a container, a platform or a machine takes.

A packer of your own is a subclass of `bento.Packer`; `create` gives it a place to write to that becomes its output when all is well.
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
