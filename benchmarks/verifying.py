"""How quickly a bundle is verified, as a share of the speed at which its bytes are hashed in one pass.

Both are measured in processor time, the least of several rounds, because other processes on the machine lengthen only the time on the wall.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bento.bundle import Bundle, Ledger, open_bundle, verify

PIECE = 1 << 20
MODEL = "artifacts/model/weights"
DOCUMENT = {
    "format": 1,
    "name": "verifying",
    "version": "1",
    "created": "2026-11-22T10:15:00Z",
    "labels": {},
    "service": "verifying:Verifying",
    "doc": "",
    "apis": [],
    "artifacts": [],
    "examples": [],
    "requirements": [],
    "python": "3.11.7",
    "platform": "linux-x86_64",
    "code": None,
    "env": {"apt": [], "base_image": None, "conda": None, "python_version": None, "setup": None},
}


class Speed(NamedTuple):
    """Processor seconds for hashing in one pass, for verifying, and for verifying again what is known already."""

    hashing: float
    verifying: float
    again: float

    @property
    def share(self) -> float:
        """The speed of verifying as a share of the speed of hashing."""
        return self.hashing / self.verifying


def measure(folder: Path, size: int, rounds: int) -> Speed:
    """Write a bundle with a model of `size` bytes to an empty folder, and verify it."""
    bundle, file, ledger = write(folder / "bundle", size), folder / "bundle" / MODEL, Ledger(folder / "verified", settle=0)
    pairs = [(seconds(lambda: digest_of(file)), seconds(lambda: verify(bundle))) for _ in range(rounds)]
    verify(bundle, ledger=ledger)
    again = min(seconds(lambda: verify(bundle, ledger=ledger)) for _ in range(rounds))
    return Speed(min(hashing for hashing, _ in pairs), min(verifying for _, verifying in pairs), again)


def write(folder: Path, size: int) -> Bundle:
    """A bundle with a model of `size` bytes."""
    (folder / MODEL).parent.mkdir(parents=True)
    piece = os.urandom(PIECE)
    with (folder / MODEL).open("wb") as file:
        for start in range(0, size, PIECE):
            file.write(piece[: size - start])
    files = [{"path": MODEL, "size": size, "sha256": digest_of(folder / MODEL)}]
    (folder / "bento.json").write_text(json.dumps({**DOCUMENT, "files": files}))
    return open_bundle(folder)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, computed in one pass and with nothing else to do."""
    digest, piece = hashlib.sha256(), memoryview(bytearray(PIECE))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            digest.update(piece[:count])
    return digest.hexdigest()


def seconds(work: Callable[[], object]) -> float:
    """The processor seconds that some work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print how long verifying takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verifying", description=__doc__)
    parser.add_argument("--size", type=int, default=1 << 30, help="bytes of the bundle's model")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        speed = measure(Path(folder), chosen.size, chosen.rounds)
    sys.stdout.write(
        f"{chosen.size} bytes: hashed in {speed.hashing:.3f} s of the processor, verified in {speed.verifying:.3f} s, "
        f"{speed.share:.0%} of the speed; known again in {speed.again * 1e6:.0f} us\n"
    )


if __name__ == "__main__":
    main()
