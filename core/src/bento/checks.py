"""The tests of `bento plugins core --check`: those of the kit for bento's own artifacts, adapters and packers, each with a small model."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .adapters import ArrayAdapter, BytesAdapter, File, JsonAdapter, MultipartAdapter, TextAdapter
from .artifacts import ArrayArtifact, FileArtifact, JsonArtifact, PickleArtifact, TextArtifact
from .packers import (
    ArchivePacker,
    DockerPacker,
    FolderPacker,
    HerokuPacker,
    LambdaPacker,
    OciPacker,
    SagemakerPacker,
    SystemdPacker,
    WheelPacker,
)
from .payload import Payload
from .testing import AdapterTests, ArtifactTests, PackerTests, strategies

if TYPE_CHECKING:
    import numpy as np
    from hypothesis.strategies import SearchStrategy
    from numpy.typing import NDArray


class TestArrayArtifact(ArtifactTests):
    """A matrix."""

    artifact = ArrayArtifact()

    def model(self) -> NDArray[np.float64]:
        import numpy as np

        return np.arange(6.0).reshape(2, 3)

    def inputs(self) -> list[float]:
        return [1.0, 2.0, 3.0]

    def predict(self, model: NDArray[np.float64], inputs: list[float]) -> list[float]:
        answers: list[float] = (model @ inputs).tolist()
        return answers


class TestFileArtifact(ArtifactTests):
    """A file that exists anyway: this module's."""

    artifact = FileArtifact(suffix=".py")

    def model(self) -> Path:
        return Path(__file__)

    def inputs(self) -> None:
        return None

    def predict(self, model: Path, inputs: None) -> str:
        return model.read_text().splitlines()[0]


class TestJsonArtifact(ArtifactTests):
    """Prices."""

    artifact = JsonArtifact()

    def model(self) -> dict[str, int]:
        return {"tea": 3, "coffee": 4}

    def inputs(self) -> str:
        return "tea"

    def predict(self, model: dict[str, int], inputs: str) -> int:
        return model[inputs]


class TestPickleArtifact(ArtifactTests):
    """A set, which no data-only format keeps."""

    artifact = PickleArtifact()

    def model(self) -> set[int]:
        return {1, 2, 3}

    def inputs(self) -> None:
        return None


class TestTextArtifact(ArtifactTests):
    """A prompt."""

    artifact = TextArtifact()

    def model(self) -> str:
        return "Answer in one word: {question}"

    def inputs(self) -> None:
        return None


class TestArrayAdapter(AdapterTests):
    """Rows of numbers."""

    adapter = ArrayAdapter((None, 3), "float32")

    def values(self) -> SearchStrategy[NDArray[Any]]:
        return strategies.arrays((None, 3), "float32")


class TestBytesAdapter(AdapterTests):
    """Files."""

    adapter = BytesAdapter()

    def values(self) -> list[File]:
        return [File(b""), File(b"a packed lunch"), File(bytes(range(256)))]


class TestJsonAdapter(AdapterTests):
    """Documents."""

    adapter = JsonAdapter()

    def values(self) -> SearchStrategy[Any]:
        return strategies.documents()


class TestMultipartAdapter(AdapterTests):
    """A form of a file and a document."""

    adapter = MultipartAdapter(image=BytesAdapter(), notes=JsonAdapter(), optional=["notes"])

    def values(self) -> list[dict[str, Any]]:
        return [{"image": File(b"a picture"), "notes": {"of": "lunch"}}, {"image": File(b"\r\n--"), "notes": None}]

    def example_payload(self, example: dict[str, Any]) -> Payload:
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value if isinstance(value, str) else json.dumps(value)}\r\n'
            for name, value in example.items()
        ]
        return Payload("".join([*parts, "--b--"]).encode(), "multipart/form-data", {"boundary": "b"})


class TestTextAdapter(AdapterTests):
    """Texts of any language."""

    adapter = TextAdapter()

    def values(self) -> SearchStrategy[str]:
        return strategies.texts()


class TestArchivePacker(PackerTests):
    """One file."""

    packer = ArchivePacker()


class TestDockerPacker(PackerTests):
    """A folder for docker."""

    packer = DockerPacker()


class TestFolderPacker(PackerTests):
    """The bundle's own folder."""

    packer = FolderPacker()


class TestHerokuPacker(PackerTests):
    """A folder for Git."""

    packer = HerokuPacker()


class TestOciPacker(PackerTests):
    """An image that holds the bundle alone."""

    packer = OciPacker(base="scratch", packages="base")

    def unpack(self, packed: Path, folder: Path) -> Path:
        for blob in sorted((packed / "blobs" / "sha256").iterdir()):
            if tarfile.is_tarfile(blob):
                shutil.unpack_archive(blob, folder, "tar", filter="data")
        return folder / "bundle"


class TestLambdaPacker(PackerTests):
    """A folder for an image of a function."""

    packer = LambdaPacker()


class TestSagemakerPacker(PackerTests):
    """A folder for an image that is hosted."""

    packer = SagemakerPacker()


class TestSystemdPacker(PackerTests):
    """A folder with a unit."""

    packer = SystemdPacker()


class TestWheelPacker(PackerTests):
    """A wheel with the bundle as an archive in it."""

    packer = WheelPacker()

    def unpack(self, packed: Path, folder: Path) -> Path:
        (wheel,) = packed.glob("sums-*.whl")
        with zipfile.ZipFile(wheel) as outer:
            shutil.unpack_archive(outer.extract("bundle_sums/bundle.bento", folder), folder / "bundle", "zip")
        return folder / "bundle"
