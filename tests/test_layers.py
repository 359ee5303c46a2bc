"""The floors of the house: a module imports only from floors below its own."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import bento

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core/src/bento"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))

FLOORS = (
    {"compiled", "constructor", "docstring", "errors", "garbage", "opening", "plain", "stopping"},
    {"adapter", "api", "artifact", "bounds", "env", "example", "hookspecs", "packer", "payload", "tag"},
    {"registry", "service"},
    {"adapters", "artifacts", "packers", "builtins"},
    {"bundle"},
    {"store"},
    {"serving"},
    {"testing"},
    {"cli", "checks", "pytest_plugin"},
)
FLOOR = {unit: number for number, units in enumerate(FLOORS) for unit in units}

# Third-party packages that any part of core may import, and those that only some parts may, wherever in a module the import stands.
ANYWHERE = {"importlib_metadata", "msgpack", "numpy", "orjson", "packaging"}
ONLY_IN = {
    "aiohttp": {"store"},
    "azure": {"store"},
    "bento_native": {"compiled"},
    "click": {"cli"},
    "cryptography": {"bundle"},
    "fsspec": {"store"},
    "gcsfs": {"store"},
    "httptools": {"serving"},
    "hypothesis": {"testing"},
    "jsonschema": {"testing"},
    "mangum": {"serving"},
    "paramiko": {"store"},
    "pluggy": {"hookspecs", "registry"},
    "prometheus_client": {"serving"},
    "pytest": {"pytest_plugin"},
    "sigstore": {"bundle"},
    "sigstore_models": {"bundle"},
    "starlette": {"serving"},
    "uv": {"bundle"},
    "uvicorn": {"serving"},
    "uvloop": {"serving"},
    "yaml": {"bundle"},
}

# Run as scripts in a fresh process, without a package to import relative to.
SCRIPTS = {CORE / "testing/_child.py"}

PUBLIC = {"bento", "bento.adapters", "bento.artifacts", "bento.packers"}


def modules(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def import_nodes(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import that can run, also those in functions."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    for child in node.orelse if is_type_checking(node) else ast.iter_child_nodes(node):
        yield from import_nodes(child)


def imported(path: Path, package: tuple[str, ...]) -> Iterator[str]:
    """Full names of the modules a file imports; of `from a import b`, which may mean two things, `a` and `a.b`."""
    for node in import_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imports_of(path: Path, source: Path) -> set[str]:
    return set(imported(path, path.relative_to(source).parts[:-1]))


def core_modules() -> list[tuple[str, Path]]:
    """Every module of core except the public face, with the part of the house that it belongs to."""
    named = [(path.relative_to(CORE).parts[0].removesuffix(".py"), path) for path in modules(CORE)]
    return [(unit, path) for unit, path in named if unit not in ("__init__", "__main__")]


def parts_used(path: Path) -> set[str]:
    names = (name.split(".") for name in imports_of(path, CORE.parent))
    return {name[1] for name in names if name[0] == "bento" and len(name) > 1 and name[1] in FLOOR}


def test_every_part_of_core_has_its_floor():
    assert {unit for unit, _ in core_modules()} == set(FLOOR)


def test_the_floors_are_those_that_contributors_are_shown():
    rows = re.findall(r"^\| (\d) \| (.*) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert {int(number): set(re.findall(r"`(\w+)`", names)) for number, names in rows} == dict(enumerate(FLOORS))


@pytest.mark.parametrize(("unit", "path"), core_modules(), ids=lambda value: str(value).removeprefix(str(CORE)))
def test_a_module_imports_only_from_floors_below(unit, path):
    own = {unit, "adapters", "artifacts", "packers"} if unit == "builtins" else {unit}
    assert [part for part in parts_used(path) - own if FLOOR[part] >= FLOOR[unit]] == []


def test_no_module_imports_the_checks():
    assert [path for unit, path in core_modules() if unit != "checks" and "checks" in parts_used(path)] == []


@pytest.mark.parametrize(("room", "others"), [("calls", ("http", "workers")), ("http", ("workers",))])
def test_in_serving_calls_import_no_transport_and_transports_no_workers(room, others):
    above = tuple(f"bento.serving.{other}" for other in others)
    found = {
        str(path): name for path in modules(CORE / "serving" / room) for name in imports_of(path, CORE.parent) if name.startswith(above)
    }
    assert found == {}


def folders() -> list[Path]:
    return sorted(path.parent for path in CORE.rglob("__init__.py"))


def neighbours(folder: Path) -> dict[str, set[str]]:
    """The modules and folders of a folder, and which of them each imports."""
    rooms = {path.stem for path in [*folder.glob("*.py"), *(path.parent for path in folder.glob("*/__init__.py"))]} - {"__init__"}
    within = ".".join(folder.relative_to(CORE.parent).parts) + "."
    found = {}
    for room in rooms:
        own = [path for path in modules(folder) if path in (folder / f"{room}.py", folder / room) or folder / room in path.parents]
        names = {name for path in own for name in imports_of(path, CORE.parent) if name.startswith(within)}
        found[room] = {name.removeprefix(within).partition(".")[0] for name in names} & rooms - {room}
    return found


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.relative_to(CORE.parent).as_posix())
def test_modules_of_one_folder_do_not_import_each_other_in_a_circle(folder):
    imports = neighbours(folder)
    while free := {room for room, used in imports.items() if not used & imports.keys()}:
        imports = {room: used for room, used in imports.items() if room not in free}
    assert imports == {}


def test_no_module_imports_the_builtins():
    assert [path for unit, path in core_modules() if unit != "builtins" and "builtins" in parts_used(path)] == []


def test_inside_bento_imports_are_relative():
    absolute = {
        str(path.relative_to(ROOT)): node.lineno
        for path in set(modules(CORE)) - SCRIPTS
        for node in import_nodes(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] == "bento"
    }
    assert absolute == {}


@pytest.mark.parametrize(("unit", "path"), core_modules(), ids=lambda value: str(value).removeprefix(str(CORE)))
def test_core_imports_its_own_dependencies_only_where_they_belong(unit, path):
    roots = {name.partition(".")[0] for name in imports_of(path, CORE.parent)} - {"bento", "__future__"} - set(sys.stdlib_module_names)
    assert [name for name in roots if name not in ANYWHERE and unit not in ONLY_IN.get(name, ())] == []


def test_an_app_needs_no_server():
    code = "import sys, bento; bento.app(bento.Service()); print('uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_core_names_no_plugin():
    names = {name for plugin in PLUGINS for name in (plugin.name, plugin.name.replace("-", "_"))}
    named = {(path.relative_to(ROOT).as_posix(), name) for path in modules(CORE) for name in names if name in path.read_text()}
    assert named == set()


def plugin_modules() -> list[tuple[Path, Path]]:
    return [(plugin, path) for plugin in PLUGINS for path in modules(plugin)]


def offered_to(plugin: Path) -> Iterator[str]:
    """The public names of the plugins that a plugin depends on: their packages, and the `__all__` of each."""
    needed = {Requirement(line).name for line in tomllib.loads((plugin / "pyproject.toml").read_text())["project"]["dependencies"]}
    for other in PLUGINS:
        if other.name in needed:
            package = other.name.replace("-", "_")
            found = re.search(r"^__all__ = (\[.*?\])$", (other / "src" / package / "__init__.py").read_text(), re.MULTILINE | re.DOTALL)
            yield from (package, *(f"{package}.{name}" for name in ast.literal_eval(found[1])))


@pytest.mark.parametrize(("plugin", "path"), plugin_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_plugin_imports_only_public_modules_and_no_plugin_that_it_does_not_depend_on(plugin, path):
    tests = "tests" in path.relative_to(plugin).parts
    own = plugin.name.replace("-", "_")
    allowed = PUBLIC | ({"bento.testing"} if tests or path == plugin / "src" / own / "checks.py" else set())
    names = imports_of(path, plugin / "src") if not tests else set(imported(path, ()))
    foreign = {name for name in names if name.startswith("bento_") and name.partition(".")[0] != own} - {*offered_to(plugin)}
    inside = {name for name in names if name.startswith("bento.") and name not in allowed}
    private = {
        name for name in inside if name.removeprefix("bento.") not in bento.__all__ and name.rpartition(".")[0] not in allowed - {"bento"}
    }
    assert (foreign, private) == (set(), set())
