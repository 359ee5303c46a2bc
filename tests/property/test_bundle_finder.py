from __future__ import annotations

import tempfile
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bento.bundle.source.finder import find_chain

PLACES = ["", "a/", "a/b/", "b/"]
NAMES = ["a.py", "b.py", "c.py", "__init__.py", f"b{EXTENSION_SUFFIXES[0]}", f"__init__{EXTENSION_SUFFIXES[-1]}", "b", "words.txt"]


def as_python_finds_it(root: Path, module: str) -> list[Path]:
    """What Python's own finder finds for each part of a module's name."""
    folder, chain = str(root), []
    for name in module.split("."):
        finder = FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, SOURCE_SUFFIXES))
        spec = finder.find_spec(name)
        if spec is None:
            break
        locations = list(spec.submodule_search_locations or [])
        chain.append(Path(spec.origin or locations[0]))
        if not locations:
            break
        folder = locations[0]
    return chain


@settings(deadline=None)
@given(st.sets(st.builds("{}{}".format, st.sampled_from(PLACES), st.sampled_from(NAMES))), st.sampled_from(["a", "a.b", "a.b.c", "b.a"]))
def test_modules_are_found_where_python_finds_them(files: set[str], module: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True) if not (root / file).parent.is_file() else None
        for file in files:
            if not (root / file).exists():
                (root / file).touch()
        assert find_chain(root, module) == as_python_finds_it(root, module)
