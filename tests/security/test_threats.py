"""The table of threats in SECURITY.md: no row is lost, and each row names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
AREAS = [
    "wire",
    "requests",
    "URLs",
    "forms",
    "archives",
    "packing",
    "scripts",
    "models",
    "manifests",
    "store",
    "signatures",
    "consent",
    "bills of materials",
]


def rows() -> dict[str, list[str]]:
    """The modules of tests for each area."""
    table = (ROOT / "SECURITY.md").read_text().partition("| area | what happened | shown by |\n|---|---|---|\n")[2]
    cells = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return {area.strip(): re.findall(r"`([^`]+)`", shown) for area, _, shown in cells}


def test_the_table_has_every_area():
    assert list(rows()) == AREAS


def test_every_area_is_shown_by_tests():
    for area, modules in rows().items():
        assert modules, area
        for module in modules:
            tests = [each for each in ast.walk(ast.parse((ROOT / module).read_text())) if isinstance(each, ast.FunctionDef)]
            assert any(test.name.startswith("test_") for test in tests), module


def test_every_module_here_belongs_to_an_area():
    named = {module for modules in rows().values() for module in modules}
    here = {path.relative_to(ROOT).as_posix() for path in Path(__file__).parent.glob("test_*.py")}
    assert here - named == {"tests/security/test_threats.py"}
