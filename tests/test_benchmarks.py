"""The benchmark runs, and asks what it says it asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_benchmark_prints_a_markdown_table():
    command = [sys.executable, "-m", "benchmarks", "--quick", "--seconds", "0.05"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert table[0] == ["connections", "bare ASGI on uvicorn", "bento serve (ratio)", "bento serve, batched (ratio)"]
    assert [row[0] for row in table[2:]] == ["1", "16", "64"]
    assert all(float(row[1].replace(",", "")) > 0 for row in table[2:])
