"""What the store promises, at full size: twenty versions of a large model, and a list of ten thousand bundles."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import bento
from bento.artifacts import FileArtifact

VERSIONS = 20
PIECES = 16
ROUNDS = 5


class Weights(bento.Service):
    """Tell how large a file of a model is."""

    body = FileArtifact()
    head = FileArtifact()

    @bento.api
    def size(self, name: str) -> int:
        return (self.body / name).stat().st_size


def main() -> None:
    """Measure both in a temporary store, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024, help="how large the model is")
    parser.add_argument("--bundles", type=int, default=10_000, help="how many bundles are listed")
    parser.add_argument("--folder", type=Path, help="on which disk")
    arguments = parser.parse_args()
    with TemporaryDirectory(dir=arguments.folder) as folder:
        print(*versions(Path(folder), arguments.megabytes << 20), sep="\n")
        print(*listing(Path(folder), arguments.bundles), sep="\n")


def versions(folder: Path, size: int) -> list[str]:
    """Save many versions of a model that differ in one file of a megabyte."""
    body, head, store = folder / "body", folder / "head", bento.Store(folder / "store")
    body.mkdir()
    for number in range(PIECES):
        (body / str(number)).write_bytes(os.urandom(size // PIECES))
    sizes = []
    for version in range(VERSIONS):
        head.write_bytes(os.urandom(1 << 20))
        store.save(Weights(body=body, head=head), version=str(version))
        sizes.append(_disk_size(store.root))
    return [
        f"one version of a model of {size / 1e6:.0f} MB takes {sizes[0] / 1e6:.0f} MB",
        f"{VERSIONS} versions, each with one other file of 1 MB, take {sizes[-1] / 1e6:.0f} MB: {sizes[-1] / sizes[0]:.2f} times as much",
    ]


def listing(folder: Path, count: int) -> list[str]:
    """List many bundles as a user does, with the command, the first time and later."""
    store = bento.Store(folder / "many")
    first = store.save(Weights(body=_small(folder / "small"), head=folder / "small"), version="0").path
    manifest = json.loads((first / "bento.json").read_text())
    for number in range(1, count):
        bundle = store.root / f"bundles/weights-{number % 100}/{number}"
        bundle.mkdir(parents=True)
        (bundle / "bento.json").write_text(json.dumps({**manifest, "name": f"weights-{number % 100}", "version": str(number)}))
    command = [str(Path(sys.executable).with_name("bento")), "list", "--store", str(store.root)]
    seconds = [_seconds(command) for _ in range(ROUNDS + 1)]
    name = min(_seconds([*command, "weights-7"]) for _ in range(ROUNDS))
    start = min(_seconds([command[0], "--version"]) for _ in range(ROUNDS))
    return [
        f"`bento list` of {count} bundles takes {min(seconds[1:]):.2f} s, and {seconds[0]:.2f} s the first time",
        f"`bento list NAME`, one of 100 names, takes {name:.2f} s",
        f"`bento --version` takes {start:.2f} s",
    ]


def _small(file: Path) -> Path:
    file.write_bytes(b"small")
    return file


def _disk_size(folder: Path) -> int:
    """The bytes that a folder takes on the disk: files that are linked count once."""
    found = {(status.st_dev, status.st_ino): status.st_blocks * 512 for path in folder.rglob("*") if (status := path.lstat())}
    return sum(found.values())


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
