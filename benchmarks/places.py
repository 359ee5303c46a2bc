"""Where things are kept: installations and saved services in `.bench`, results in `benchmarks/results`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".bench"
RESULTS = ROOT / "benchmarks" / "results"
