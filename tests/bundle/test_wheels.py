from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from bento.errors import RequirementError

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"

    [project]
    name = "flower-shop"
    version = "1.2"
    scripts = { shop = "flower_shop:main" }

    [tool.hatch.build.targets.wheel]
    packages = ["src/flower_shop"]
    shared-data = { "words.txt" = "share/shop/words.txt" }
    shared-scripts = { "open.py" = "open-shop" }
"""
IMPORTING = """
    import os, pathlib
    import bento
    from bento.artifacts import JsonArtifact
    from bento.bundle import write_bundle
    import flower_shop

    class Iris(bento.Service):
        model = JsonArtifact()

    if __name__ == "__main__":
        write_bundle(Iris(model=[1]), pathlib.Path(os.environ["OUT"], "saved"))
"""


def save(project: Any, module: str = "garden", to: str = "saved") -> Any:
    project.write({"iris.py": project.IRIS.replace("return", f"import {module}\n            return")})
    return project.save(to=to)


def wheel(bundle: Any, name: str) -> Path:
    found = [path for path in (bundle.path / "wheels").iterdir() if path.name.startswith(name)]
    assert len(found) == 1
    return found[0]


def refusal(project: Any, module: str = "garden") -> str:
    with pytest.raises(RequirementError) as caught:
        save(project, module)
    assert project.leftovers() == []
    return str(caught.value)


def no_wheel(why: str, how: str = "again with pip") -> str:
    return f"garden 1.0 is on no package index, and cannot be bundled as a wheel, because {why}: install it {how}"


@pytest.fixture
def garden(tmp_path: Path, site: Any) -> Path:
    """A project in a folder of its own, installed in editable mode as setuptools and hatchling do it."""
    folder = tmp_path / "work/garden"
    (folder / "src/garden").mkdir(parents=True)
    (folder / "src/garden/__init__.py").write_text("WORDS = 1\n")
    (folder / "src/garden/words.txt").write_text("rose\n")
    (folder / "src/garden.egg-info").mkdir()
    (folder / "src/garden.egg-info/PKG-INFO").write_text("Name: garden\nVersion: 0.1\n")
    (folder / "pyproject.toml").touch()
    (folder / "src/.secret").touch()
    sys.path.append(str(folder / "src"))  # as the .pth file does when Python starts
    site.install("garden", {"_garden.pth": f"{folder}/src\n"}, editable=folder)
    return folder


def test_a_distribution_installed_from_a_folder_is_saved_as_a_wheel(project: Any, site: Any) -> None:
    site.install(
        "Garden",
        {"garden/__init__.py": "", "garden/__pycache__/__init__.cpython-311.pyc": "", "garden/a,b.txt": ""},
        url="file:///src/garden",
    )
    bundle = save(project)
    assert wheel(bundle, "garden").name == "garden-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel(bundle, "garden")) as archive:
        assert archive.namelist() == [
            "garden/__init__.py",
            "garden/a,b.txt",
            "Garden-1.0.dist-info/METADATA",
            "Garden-1.0.dist-info/WHEEL",
            "Garden-1.0.dist-info/RECORD",
        ]
    assert "garden==1.0" in bundle.manifest.requirements
    assert (bundle.path / "requirements.txt").read_text().startswith("--find-links wheels\n")


def test_a_wheels_record_fits_its_files(project: Any, site: Any) -> None:
    site.install("garden", {"garden/__init__.py": "x = 1", "garden/a,b.txt": "words"}, url="file:///src/garden")
    with zipfile.ZipFile(wheel(save(project), "garden")) as archive:
        rows = list(csv.reader(archive.read("garden-1.0.dist-info/RECORD").decode().splitlines()))
        assert [row[0] for row in rows] == archive.namelist()
        for name, digest, size in rows[:-1]:
            content = archive.read(name)
            encoded = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={encoded}", str(len(content)))
        assert rows[-1][1:] == ["", ""]


def test_a_wheel_has_the_same_bytes_again(project: Any, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("garden", {"garden/__init__.py": "", "garden/words.txt": "rose"}, url="file:///src/garden")
    first = wheel(save(project), "garden").read_bytes()
    for path in site.folder.rglob("*"):
        os.utime(path, (0, 0))
        path.chmod(0o700)
    assert wheel(save(project, to="again"), "garden").read_bytes() == first


def test_tags_and_build_of_a_wheel_are_in_its_name(project: Any, site: Any) -> None:
    site.install("my.garden", {"garden.py": ""}, "1.0-1", url="https://example.org/garden.whl")
    tags = "Wheel-Version: 1.0\nBuild: 7\nTag: cp311-abi3-manylinux_2_17_x86_64\nTag: cp311-abi3-manylinux2014_x86_64\n"
    (site.folder / "my.garden-1.0-1.dist-info/WHEEL").write_text(tags)
    assert wheel(save(project), "my").name == "my_garden-1.0.post1-7-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"


def test_an_editable_installation_goes_along_from_the_folder_it_names(project: Any, garden: Path) -> None:
    with zipfile.ZipFile(wheel(save(project), "garden")) as archive:
        assert archive.namelist()[:2] == ["garden/__init__.py", "garden/words.txt"]
        assert all(name.startswith("garden-1.0.dist-info/") for name in archive.namelist()[2:])


def test_links_in_an_editable_installation_stay(project: Any, garden: Path, caplog: pytest.LogCaptureFixture) -> None:
    (garden / "src/garden/passwords").symlink_to("/etc/passwd")
    with zipfile.ZipFile(wheel(save(project), "garden")) as archive:
        assert "garden/passwords" not in archive.namelist()
    assert f"left out {garden}/src/garden/passwords: it is not a plain file, and links are not followed" in caplog.messages


def test_an_editable_installation_of_a_whole_project_folder_is_refused(project: Any, garden: Path) -> None:
    (garden / "src/pyproject.toml").touch()
    why = f"its editable installation names {garden}/src, where modules and the rest of the project are mixed"
    assert refusal(project) == no_wheel(why, f"with pip install {garden}, without -e")


@pytest.mark.parametrize("pointer", ["import __editable___garden_finder; __editable___garden_finder.install()", "/nowhere", "# nothing"])
def test_an_editable_installation_by_other_means_is_refused(project: Any, site: Any, garden: Path, pointer: str) -> None:
    (site.folder / "_garden.pth").write_text(pointer)
    assert refusal(project) == no_wheel("its editable installation names no folder of modules", f"with pip install {garden}, without -e")


def test_an_editable_installation_with_compiled_modules_is_refused(project: Any, garden: Path) -> None:
    compiled = garden / f"src/garden/fast{sysconfig.get_config_var('EXT_SUFFIX')}"
    compiled.touch()
    assert refusal(project) == no_wheel(
        f"its editable installation has compiled modules, such as {compiled}", f"with pip install {garden}, without -e"
    )


def test_an_installation_that_lost_a_file_is_refused(project: Any, site: Any) -> None:
    site.install("garden", {"garden/__init__.py": "", "garden/words.txt": ""}, url="file:///src/garden")
    (site.folder / "garden/words.txt").unlink()
    assert refusal(project) == no_wheel(f"{site.folder}/garden/words.txt is missing, or a link")


def test_an_installation_without_a_list_of_files_is_refused(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": ""}, url="file:///src/garden")
    (site.folder / "garden-1.0.dist-info/RECORD").unlink()
    assert refusal(project) == no_wheel("there is no list of its files")


@pytest.fixture
def own_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the test's folder the site-packages of this Python, so that scripts and data lie where an installer puts them."""
    places = {"scripts": str(tmp_path / "environment/bin"), "data": str(tmp_path / "environment")}
    known = sysconfig.get_path
    monkeypatch.setattr(sysconfig, "get_path", lambda name: places.get(name) or known(name))


@pytest.mark.usefixtures("own_scheme")
def test_scripts_and_data_are_in_a_wheel_but_not_the_scripts_of_entry_points(project: Any, site: Any) -> None:
    scripts = {"../bin/rake": "#!/usr/bin/python3\nprint()\n", "../bin/spade": "#!/bin/sh\n", "../bin/shop": "#!/usr/bin/python3\n"}
    entry_points = {"garden-1.0.dist-info/entry_points.txt": "[console_scripts]\nshop = garden:main\n"}
    site.install("garden", {"garden.py": "", "../share/words.txt": "rose", **scripts, **entry_points}, url="file:///src/garden")
    with zipfile.ZipFile(wheel(save(project), "garden")) as archive:
        assert [name for name in archive.namelist() if ".data" in name] == [
            "garden-1.0.data/data/share/words.txt",
            "garden-1.0.data/scripts/rake",
            "garden-1.0.data/scripts/spade",
        ]
        assert archive.read("garden-1.0.data/scripts/rake") == b"#!python\nprint()\n"
        assert archive.read("garden-1.0.data/scripts/spade") == b"#!/bin/sh\n"
        assert archive.getinfo("garden-1.0.data/scripts/rake").external_attr >> 16 == 0o100755


def test_a_file_outside_the_environment_is_refused(project: Any, site: Any, tmp_path: Path) -> None:
    site.install("garden", {"garden.py": "", "../../secret": "secret"}, url="file:///src/garden")
    assert refusal(project) == no_wheel(f"{tmp_path}/secret lies outside {sysconfig.get_path('data')}")


def test_a_linked_folder_of_an_installation_is_refused(project: Any, site: Any, tmp_path: Path) -> None:
    site.install("garden", {"garden.py": "", "words/rose.txt": "rose"}, url="file:///src/garden")
    (site.folder / "words").rename(tmp_path / "words")
    (site.folder / "words").symlink_to(tmp_path / "words")
    assert refusal(project) == no_wheel(f"{site.folder}/words/rose.txt is missing, or a link")


def test_local_requirements_of_a_local_distribution_are_saved_as_wheels_too(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": ""}, url="file:///a", requires="tools[fast]; python_version > '3'")
    site.install("tools", {"tools.py": ""}, url="git+https://example.org/tools", requires="spade; extra == 'fast'")
    site.install("spade", {"spade.py": ""}, "2.0+local", url="file:///b", requires="garden; sys_platform == 'nowhere'")
    site.install("rake", {"rake.py": ""}, url="file:///c")
    bundle = save(project)
    assert {"garden==1.0", "spade==2.0+local", "tools[fast]==1.0"} <= set(bundle.manifest.requirements)
    assert sorted(path.name.partition("-")[0] for path in (bundle.path / "wheels").iterdir()) == ["bento_core", "garden", "spade", "tools"]


def test_a_distribution_that_conda_installed_is_not_taken_for_a_local_one(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": "", "garden-1.0.dist-info/INSTALLER": "conda\n"}, url="file:///croot/garden_1700000000000/work")
    bundle = save(project)
    assert "garden==1.0" in bundle.manifest.requirements
    assert [path.name.partition("-")[0] for path in (bundle.path / "wheels").iterdir()] == ["bento_core"]


def run(*command: str | Path, **options: Any) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def test_a_wheel_is_the_same_whichever_tool_installed_the_project(project: Any, site: Any, tmp_path: Path) -> None:
    project.write({"../shop/pyproject.toml": PYPROJECT.partition("    scripts =")[0], "../shop/src/flower_shop/__init__.py": ""})
    project.write({"iris.py": IMPORTING})
    place = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", site.folder, tmp_path / "shop")
    installers = {"pip": (sys.executable, "-m", "pip", "install"), "uv": (find_uv_bin(), "pip", "install", "--python", sys.executable)}
    wheels = {}
    for name, command in installers.items():
        run(*command, *place)
        wheels[name] = wheel(project.save(to=name), "flower_shop").read_bytes()
        shutil.rmtree(site.folder)
    assert wheels["uv"] == wheels["pip"]


def test_wheels_install_and_work_elsewhere(project: Any, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    venv.create(here, symlinks=True)
    venv.create(there, symlinks=True)
    site = next(here.glob("lib/python*/site-packages"))
    (site / "tests.pth").write_text(f"{ROOT / 'core/src'}\n{sysconfig.get_path('purelib')}\n")
    shop = {
        "src/flower_shop/__init__.py": "def main(): print('roses')",
        "words.txt": "rose",
        "open.py": "#!/bin/python\nimport flower_shop",
    }
    project.write({f"../shop/{path}": text for path, text in {**shop, "pyproject.toml": PYPROJECT}.items()})
    run(here / "bin/python", "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", tmp_path / "shop")
    project.write({"iris.py": IMPORTING})
    run(here / "bin/python", "iris.py", cwd=project.root, env={**os.environ, "OUT": str(project.out)})
    wheels = sorted((project.out / "saved/wheels").iterdir())
    assert [path.name.partition("-")[0] for path in wheels] == ["bento_core", "flower_shop"]
    pip = [sys.executable, "-m", "pip", "--python", there]
    run(*pip, "install", "--no-deps", "--no-index", *wheels)
    assert run(there / "bin/shop") == "roses\n"
    assert (there / "share/shop/words.txt").read_text() == "rose"
    assert run(there / "bin/open-shop") == ""
    assert run(*pip, "list", "--format=freeze").splitlines() == ["bento-core==0.1.0", "flower-shop==1.2"]
