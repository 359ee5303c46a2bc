"""The base of this plugin's packers: they write a folder with an image to build and one file of manifests."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from bento import Packer
from bento.packers import DockerPacker, create

from .options import Options
from .pod import Pod

if TYPE_CHECKING:
    from pathlib import Path

    from bento import Bundle

_FOLDER, _FILE = 0o755, 0o644


class ManifestPacker(Packer):
    """A packer whose manifest runs the image that is built from the output's folder `image`. The option `image` is the name of that image.

    Between `replicas` and `max_replicas` pods run, each with `cpu`, `memory` and `gpu` NVIDIA GPUs.
    """

    fewest: ClassVar[int] = 1
    """The smallest number of replicas that is allowed."""

    def __init__(
        self,
        *,
        image: str,
        namespace: str | None = None,
        replicas: int | str = 1,
        max_replicas: int | str | None = None,
        cpu: str = "1",
        memory: str = "2Gi",
        gpu: int | str = 0,
        port: int | str = 3000,
    ) -> None:
        self.options = Options.of(
            type(self).__name__,
            self.fewest,
            image=image,
            namespace=namespace,
            replicas=replicas,
            max_replicas=max_replicas,
            cpu=cpu,
            memory=memory,
            gpu=gpu,
            port=port,
        )

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the folder. A PackerError if the bundle's name cannot be made a DNS name, or if no image can be made of the bundle."""
        from .text import as_yaml

        with create(out) as draft:
            draft.mkdir()
            draft.chmod(_FOLDER)
            DockerPacker(gpu="nvidia" if self.options.gpu else None).pack(bundle, draft / "image")
            manifest = draft / f"{self.name}.yaml"
            manifest.write_text(as_yaml(str(bundle.tag), self.objects(Pod(bundle.tag, self.options))), encoding="utf-8")
            manifest.chmod(_FILE)
        return out

    @abstractmethod
    def objects(self, pod: Pod) -> list[dict[str, Any]]:
        """The objects that run the pods."""
