"""Core's packers keep what every packer promises."""

from bento.packers import ArchivePacker, DockerPacker, FolderPacker, HerokuPacker, SystemdPacker
from bento.testing import PackerTests


class TestArchivePacker(PackerTests):
    packer = ArchivePacker()


class TestDockerPacker(PackerTests):
    packer = DockerPacker()


class TestFolderPacker(PackerTests):
    packer = FolderPacker()


class TestHerokuPacker(PackerTests):
    packer = HerokuPacker()


class TestSystemdPacker(PackerTests):
    packer = SystemdPacker()
