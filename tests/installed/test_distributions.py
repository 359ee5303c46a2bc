"""The published wheels and source distributions work when installed without the source tree."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

import bento

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["core", *sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))]

SCRIPT = """
import bento
from bento.adapters import JsonAdapter
from bento.artifacts import JsonArtifact


class Prices(bento.Service):
    table = JsonArtifact()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def price(self, name):
        return self.table[name]


if __name__ == "__main__":
    print(bento.save(Prices(table={"tea": 3})).tag)
"""


@pytest.fixture(params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture
def wheel_files(wheel, name) -> list[str]:
    with zipfile.ZipFile(wheel(name)) as archive:
        return archive.namelist()


def test_a_wheel_is_typed_and_has_its_licence(wheel_files, name):
    package = "bento" if name == "core" else name.replace("-", "_")
    assert f"{package}/py.typed" in wheel_files
    assert [path for path in wheel_files if path.endswith(".dist-info/licenses/LICENSE")] != []


def test_a_wheel_holds_its_package_and_nothing_else(wheel_files, name):
    package = "bento" if name == "core" else name.replace("-", "_")
    assert {path.partition("/")[0].partition("-")[0] for path in wheel_files} == {package, "bento_core" if name == "core" else package}


def test_a_source_distribution_holds_what_its_wheel_is_made_of(distributions, wheel_files, name):
    (archive,) = (path for path in distributions(name) if path.name.endswith(".tar.gz"))
    with tarfile.open(archive) as source:
        inside = {path.partition("/")[2] for path in source.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE"} <= inside
    assert {path for path in wheel_files if ".dist-info" not in path} <= {path.removeprefix("src/") for path in inside}


@pytest.fixture(scope="module")
def environment(make_environment, wheel):
    return make_environment(map(wheel, NAMES))


def test_the_installed_command_prints_its_version(environment):
    assert environment.run("bento", "--version").stdout == f"bento {bento.__version__}\n"


def test_the_installed_bento_is_not_imported_from_the_source_tree(environment):
    shown = environment.run("python", "-c", "import bento; print(bento.__file__)").stdout
    assert Path(shown.strip()).is_relative_to(environment.folder)


def test_every_plugin_loads_where_it_is_installed_with_or_without_its_framework(environment):
    records = json.loads(environment.run("bento", "plugins", "--json").stdout)
    assert {record["distribution"]: record["error"] for record in records} == {"bento-core": None, **dict.fromkeys(NAMES[1:])}


def test_the_installed_bento_saves_and_answers(environment):
    (environment.folder / "prices.py").write_text(SCRIPT)
    tag = environment.run("python", "prices.py").stdout.strip()
    assert environment.run("bento", "run", tag, "price", "--input", '"tea"').stdout == "3\n"
