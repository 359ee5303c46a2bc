"""Core's packers keep what every packer promises."""

from bento.packers import ArchivePacker, DockerPacker, FolderPacker
from bento.testing import PackerTests


class TestArchivePacker(PackerTests):
    packer = ArchivePacker()


class TestDockerPacker(PackerTests):
    packer = DockerPacker()


class TestFolderPacker(PackerTests):
    packer = FolderPacker()
