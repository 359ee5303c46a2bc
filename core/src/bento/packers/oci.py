"""OciPacker: a bundle as an image, written as an OCI image layout without Docker or another daemon."""

from __future__ import annotations

import json
import logging
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PackerError
from ..packer import Packer
from .base_image import INDEX, read_base
from .checked import checking, env_of, refuse_conda
from .contents import MODELS, USER, WHEELS, contents, file_of, layer_of, set_modes
from .image import Image
from .layers import Blobs
from .output import create
from .packages import install

if TYPE_CHECKING:
    from ..bundle.model import Bundle
    from ..env import Env

log = logging.getLogger(__name__)

_HOME = "home/bento"
_PACKAGES = "opt/bento/packages"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class OciPacker(Packer):
    """Pack a bundle into an OCI image layout, for `skopeo copy oci:OUT docker://...` and other tools that read one.

    `base` is the path of the base image on this disk: a layout in a folder or a tar, or a file system in a tar. It has to contain the
    Python of the bundle, the packages that `Env(apt=...)` names, and a shell. pip installs the requirements of the bundle on this machine,
    from wheels only and for this machine's architecture, unless `packages="base"` says that the base image already contains them.

    `base="scratch"` means no base image. With `packages="base"`, the image then holds only the bundle, to be mounted by another container.
    """

    name = "oci"
    summary = "an image, as an OCI image layout, made without Docker"

    def __init__(self, *, base: str, packages: str = "install") -> None:
        if packages not in ("install", "base"):
            raise PackerError(f"OciPacker(packages={packages!r}): expected 'install' or 'base'")
        self._base, self._installs = base, packages == "install"

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the layout. Every value of the manifest is checked again; an invalid one is a PackerError."""
        with checking(bundle, "an image"), create(out) as draft:
            env = env_of(bundle)
            if self._installs:
                refuse_conda(bundle)
            _warn(bundle, env)
            blobs = Blobs(draft)
            architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
            image = Image(read_base(self._base, architecture, blobs), bundle, architecture)
            if self._installs:
                _add_packages(image, bundle, env, blobs, draft.parent)
            _add_bundle(image, bundle, blobs)
            (draft / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [image.finish(blobs)]}
            (draft / "index.json").write_text(json.dumps(index, sort_keys=True))
            set_modes(draft)
        return out


def _warn(bundle: Bundle, env: Env) -> None:
    """Log what the base image has to contain, because no command runs in the image while it is made."""
    needs = [*env.apt, *([str(env.setup)] if env.setup is not None else [])]
    if needs:
        log.warning("%s needs a base image that has: %s", bundle.tag, ", ".join(needs))


def _add_packages(image: Image, bundle: Bundle, env: Env, blobs: Blobs, place: Path) -> None:
    # Beside the blobs, because packages may be large, and on many machines the folder for temporary files is in memory.
    with tempfile.TemporaryDirectory(dir=place) as folder:
        for what, files in zip(("requirements", "wheels"), install(bundle, env, Path(folder)), strict=True):
            if files:
                image.add(what, blobs.add_layer({f"{_PACKAGES}/{path}": file for path, file in files.items()}, programs=True))


def _add_bundle(image: Image, bundle: Bundle, blobs: Blobs) -> None:
    """Add each slot as a layer of its own, because models change separately, and the code last, because it changes most often."""
    layers: dict[str, dict[str, Path]] = {}
    digests = {file_of(bundle, path): digest for path, digest in contents(bundle).items()}
    for path in contents(bundle):
        folder = layer_of(path)
        layer = folder if folder == WHEELS or folder.startswith(f"{MODELS}/") else "code"
        layers.setdefault(layer, {})[f"bundle/{path}"] = file_of(bundle, path)
    for layer in sorted(layers, key=lambda name: (name == "code", name)):
        image.add(layer, blobs.add_layer(layers[layer], {"home": 0, _HOME: USER} if layer == "code" else None, digests=digests))
