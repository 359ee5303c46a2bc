from __future__ import annotations

import importlib
import importlib.metadata
import sys
import textwrap
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from bento.bundle import load_service, write_bundle
from bento.errors import DefinitionError, RequirementError


def iris(code: str = "", imports: str = "") -> str:
    """The usual service with more imports, and `code` before its answer."""
    return f"""\
import bento
from bento.artifacts import JsonArtifact
{textwrap.dedent(imports)}

class Iris(bento.Service):
    model = JsonArtifact()

    @bento.api
    def predict(self, value):
{textwrap.indent(textwrap.dedent(code), " " * 8)}
        return value
"""


def refusal(project: Any, files: dict[str, str]) -> str:
    with pytest.raises((RequirementError, DefinitionError)) as caught:
        project.save_iris(files)
    assert project.leftovers() == []
    return str(caught.value)


def test_local_modules_go_along_through_any_number_of_imports(project: Any) -> None:
    bundle = project.save_iris(
        {
            "iris.py": iris(imports="import one"),
            "one.py": "from two import NUMBER",
            "two.py": "import one\nNUMBER = 2",
            "unused.py": "NUMBER = 3",
        }
    )
    assert project.paths(bundle) == ["iris.py", "one.py", "two.py"]


def test_imports_in_functions_count(project: Any) -> None:
    bundle = project.save_iris({"iris.py": iris("import late"), "late.py": ""})
    assert project.paths(bundle) == ["iris.py", "late.py"]


def test_packages_go_along_whole_with_their_other_files(project: Any) -> None:
    files = ["__init__.py", "deep/inner.py", "deep/__init__.py", "words.txt", "data/more.bin", "not_imported.py"]
    project.write({f"pack/{name}": "" for name in files})
    assert project.paths(project.save_iris({"iris.py": iris(imports="import pack.deep")})) == sorted(
        ["iris.py", *(f"pack/{name}" for name in files)]
    )


def test_environments_caches_and_hidden_files_in_a_package_are_left_out(project: Any) -> None:
    left_out = [
        ".env",
        ".git/config",
        "__pycache__/x.cpython-311.pyc",
        "old.pyc",
        "venv/pyvenv.cfg",
        "venv/lib/x.py",
        "lib/site-packages/x.py",
    ]
    project.write({"iris.py": iris(imports="import pack"), "pack/__init__.py": "", **{f"pack/{name}": "" for name in left_out}})
    assert project.paths(project.save()) == ["iris.py", "pack/__init__.py"]


def test_folders_without_init_bring_only_the_modules_that_are_imported(project: Any) -> None:
    project.write(
        {
            "iris.py": iris(imports="import parts.one"),
            "parts/one.py": "from parts.inner import two",
            "parts/inner/two.py": "",
            "parts/big.bin": "",
        }
    )
    assert project.paths(project.save()) == ["iris.py", "parts/inner/two.py", "parts/one.py"]


def test_a_service_in_a_package_brings_the_package_and_its_relative_imports(project: Any) -> None:
    project.write(
        {
            "shop/__init__.py": "",
            "shop/flowers/__init__.py": "",
            "shop/flowers/iris.py": iris(imports="from . import prices\nfrom ..tools import cut\nfrom .prices import *"),
            "shop/flowers/prices.py": "import outside",
            "shop/tools.py": "def cut(): ...",
            "outside.py": "",
        }
    )
    bundle = project.save("shop.flowers.iris:Iris")
    assert bundle.manifest.service == "shop.flowers.iris:Iris"
    assert "outside.py" in project.paths(bundle)
    assert load_service(bundle).predict(1) == 1


def test_a_service_in_the_init_of_a_package_can_be_saved(project: Any) -> None:
    project.write({"shop/__init__.py": iris()})
    bundle = project.save("shop:Iris")
    assert (bundle.manifest.service, project.paths(bundle)) == ("shop:Iris", ["shop/__init__.py"])


def test_a_nested_class_is_found_again(project: Any) -> None:
    project.write({"iris.py": iris().replace("class Iris", "class Garden:\n  class Iris").replace("\n    ", "\n      ")})
    service = project.module("iris").Garden.Iris(model=[1])
    bundle = write_bundle(service, project.out / "saved")
    assert bundle.manifest.service == "iris:Garden.Iris"
    assert load_service(bundle).predict(1) == 1


def test_imports_name_the_distributions_that_bring_them(project: Any, site: Any) -> None:
    site.install("py_flowers", {"flowers/__init__.py": "", "flowers/cut.py": ""}, "2.1")
    bundle = project.save_iris({"iris.py": iris(imports="from flowers.cut import *\nimport os, json.decoder, xml")})
    assert [line for line in bundle.manifest.requirements if not line.startswith("bento")] == ["py-flowers==2.1"]


def test_a_compiled_module_requires_what_the_source_beside_it_imports(project: Any, site: Any) -> None:
    site.install("py_flowers", {"flowers.py": ""}, "2.1")
    project.write({f"cut{EXTENSION_SUFFIXES[0]}": "", "cut.py": "import flowers, vases", "vases.py": ""})
    bundle = project.save_iris({"iris.py": iris("import cut")})
    assert project.paths(bundle) == [f"cut{EXTENSION_SUFFIXES[0]}", "iris.py", "vases.py"]
    assert [line for line in bundle.manifest.requirements if not line.startswith("bento")] == ["py-flowers==2.1"]


@pytest.mark.parametrize("source", ["import cython", "from cython.cimports.libc.math import sqrt", "import gone", "cdef int number = 1"])
def test_a_compiled_module_does_not_require_missing_or_cython_imports_of_its_source(project: Any, site: Any, source: str) -> None:
    site.install("cython", {"cython.py": ""})
    project.write({f"cut{EXTENSION_SUFFIXES[0]}": "", "cut.py": source})
    bundle = project.save_iris({"iris.py": iris("import cut")})
    assert project.paths(bundle) == [f"cut{EXTENSION_SUFFIXES[0]}", "iris.py"]
    assert [line for line in bundle.manifest.requirements if not line.startswith("bento")] == []


def test_distributions_that_share_a_folder_are_distinguished(project: Any, site: Any) -> None:
    site.install("garden-iris", {"garden/iris/__init__.py": ""})
    site.install("garden-rose", {"garden/rose.py": ""})
    site.install("garden-weed", {"garden/weed/__init__.py": ""})
    bundle = project.save_iris({"iris.py": iris(imports="import garden.iris\nfrom garden import rose")})
    assert project.names(bundle) == ["bento-core", "garden-iris", "garden-rose"]


def test_a_distribution_without_a_list_of_files_is_known_by_its_name(project: Any, site: Any) -> None:
    site.install("flowers", {"flowers.py": ""})
    (site.folder / "flowers-1.0.dist-info/RECORD").unlink()
    assert "flowers" in project.names(project.save_iris({"iris.py": iris(imports="import flowers")}))


def test_a_local_module_is_saved_instead_of_an_installed_one_that_it_hides(project: Any, site: Any) -> None:
    site.install("flowers", {"flowers.py": ""})
    bundle = project.save_iris({"iris.py": iris(imports="import flowers"), "flowers.py": ""})
    assert (project.names(bundle), project.paths(bundle)) == (["bento-core"], ["flowers.py", "iris.py"])


def test_a_local_module_that_an_installed_one_hides_is_left_out(project: Any, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("flowers", {"flowers.py": ""})
    monkeypatch.setattr(sys, "path", [str(site.folder), *sys.path])
    bundle = project.save_iris({"iris.py": iris(imports="import flowers"), "flowers.py": ""})
    assert (project.names(bundle), project.paths(bundle)) == (["bento-core", "flowers"], ["iris.py"])


def test_a_local_module_may_hide_one_of_the_standard_library(project: Any) -> None:
    bundle = project.save_iris({"iris.py": iris(imports="import nturl2path"), "nturl2path.py": ""})
    assert project.paths(bundle) == ["iris.py", "nturl2path.py"]


def test_build_folders_in_the_project_are_not_taken_for_distributions(project: Any) -> None:
    project.write({"iris.egg-info/PKG-INFO": "Name: iris\nVersion: 1.0\n", "iris.egg-info/top_level.txt": "iris\n"})
    assert project.paths(project.save_iris({})) == ["iris.py"]


def test_a_virtual_environment_in_the_project_is_not_part_of_it(project: Any, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.folder = project.root / ".venv/lib/python3/site-packages"
    site.install("flowers", {"flowers/__init__.py": ""})
    monkeypatch.setattr(sys, "path", [*sys.path, str(site.folder)])
    bundle = project.save_iris({"iris.py": iris(imports="import flowers")})
    assert (project.names(bundle), project.paths(bundle)) == (["bento-core", "flowers"], ["iris.py"])


def test_an_import_that_finds_nothing_is_named_with_its_line(project: Any) -> None:
    assert refusal(
        project, {"pack/__init__.py": "", "pack/cut.py": "x = 1\nimport nowhere.at.all", "iris.py": iris("import pack.cut")}
    ) == (
        f"pack/cut.py:2 imports 'nowhere.at.all', which is neither installed nor in {project.root}: "
        "install it, or guard the import with try and except ImportError"
    )


def test_a_missing_module_of_a_local_package_is_named(project: Any) -> None:
    assert refusal(project, {"pack/__init__.py": "", "iris.py": iris("import pack.missing")}).startswith(
        "iris.py:10 imports 'pack.missing', which is neither installed nor in "
    )


def test_a_relative_import_beyond_the_project_is_named(project: Any) -> None:
    assert refusal(project, {"iris.py": iris("from .. import above")}).startswith(
        "iris.py:10 imports '..', which is neither installed nor in "
    )


@pytest.mark.parametrize(
    "guarded",
    [
        "try:\n    import nowhere\nexcept ImportError:\n    import nowhere_either",
        "try:\n    import nowhere\nexcept (AttributeError, ModuleNotFoundError):\n    pass",
        "try:\n    import nowhere\nexcept:\n    pass",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nowhere",
        "import typing\nif typing.TYPE_CHECKING:\n    import nowhere",
        "import sys\nif sys.version_info < (3, 0):\n    import nowhere",
        "import sys\nif sys.platform == 'win32':\n    import nowhere\nelse:\n    import os",
        'if __name__ == "__main__":\n    import nowhere',
        "if '__main__' == __name__ and True:\n    import nowhere",
        "import msvcrt" if sys.platform != "win32" else "import fcntl",
    ],
)
def test_an_import_that_may_fail_or_never_runs_is_not_required(project: Any, guarded: str) -> None:
    project.write({"iris.py": iris(f"def never():\n{textwrap.indent(guarded, '    ')}")})
    assert project.names(project.save()) == ["bento-core"]


@pytest.mark.parametrize(
    "open_import",
    [
        "try:\n    import nowhere\nexcept ValueError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import nowhere",
        "if __name__ != '__main__':\n    import nowhere",
        "if __name__ == '__main__':\n    pass\nelse:\n    import nowhere",
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import nowhere",
        "with open('x'):\n    import nowhere",
    ],
)
def test_an_import_that_runs_in_any_case_is_required(project: Any, open_import: str) -> None:
    assert " imports 'nowhere', which is " in refusal(project, {"iris.py": iris(f"def never():\n{textwrap.indent(open_import, '    ')}")})


def test_a_local_module_whose_import_may_fail_is_saved_if_it_exists(project: Any) -> None:
    bundle = project.save_iris({"iris.py": iris("try:\n    import extra\nexcept ImportError:\n    pass"), "extra.py": ""})
    assert project.paths(bundle) == ["extra.py", "iris.py"]


def test_a_module_from_outside_the_project_is_named(project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/common.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "shared")])
    assert refusal(project, {"iris.py": iris(imports="import common")}) == (
        f"iris.py:3 imports 'common' from {tmp_path}/shared/common.py, which neither lies in the project's root {project.root} "
        f"nor belongs to an installed distribution: move it into {project.root}, or install it, without -e"
    )


def test_a_local_file_that_is_not_python_is_named(project: Any) -> None:
    assert refusal(project, {"iris.py": iris("import broken"), "broken.py": "x = 1\ndef ("}).startswith(
        f"{project.root}/broken.py:2 is not Python: "
    )


def test_a_local_file_that_cannot_be_read_as_python_is_named(project: Any) -> None:
    message = refusal(project, {"iris.py": iris("import broken"), "broken.py": "x = '\0'"})
    assert f"{project.root}/broken.py" in message
    assert message.endswith("source code string cannot contain null bytes")


def test_a_linked_module_is_named(project: Any) -> None:
    (project.root / "linked.py").symlink_to("other.py")
    assert refusal(project, {"iris.py": iris("import linked"), "other.py": ""}) == (
        f"iris.py:10 imports {project.root}/linked.py, which is a link, and links are not followed: put the file itself there"
    )


def test_a_linked_file_of_env_is_named(project: Any) -> None:
    (project.root / "setup.sh").symlink_to("other.sh")
    assert refusal(project, {"iris.py": iris().replace("model =", "env = bento.Env(setup='setup.sh')\n    model ="), "other.sh": ""}) == (
        f"Env(setup='setup.sh'): {project.root}/setup.sh is a link, and links are not followed: put the file itself there"
    )


def test_a_class_made_in_a_function_is_refused(project: Any) -> None:
    project.write({"iris.py": "def make():\n" + textwrap.indent(iris(), "    ") + "    return Iris"})
    with pytest.raises(DefinitionError) as caught:
        write_bundle(project.module("iris").make()(model=[1]), project.out / "saved")
    assert str(caught.value) == "Iris is defined inside a function, where no other process finds it: move it to the top level"


@pytest.mark.parametrize("again", [False, True])
def test_a_class_that_another_one_has_replaced_is_refused(project: Any, again: bool) -> None:
    project.write({"iris.py": iris() + ("" if again else "\nOld = Iris\n" + iris())})
    service = project.service("iris:Iris" if again else "iris:Old")
    if again:
        importlib.reload(project.module("iris"))
    with pytest.raises(DefinitionError) as caught:
        write_bundle(service, project.out / "saved")
    assert str(caught.value) == (
        f"{project.root}/iris.py has another Iris by now, because it was imported again or defines it twice: make the service from that one"
    )


def test_a_class_that_has_lost_its_name_is_refused(project: Any) -> None:
    project.write({"iris.py": iris() + "\nRose = Iris\ndel Iris\n"})
    with pytest.raises(DefinitionError) as caught:
        project.save("iris:Rose")
    assert str(caught.value) == f"{project.root}/iris.py has no Iris that is this class: define it there once, with a class statement"


def test_an_installed_service_needs_no_source(project: Any, site: Any) -> None:
    site.install("flower-shop", {"flower_shop.py": iris()})
    service = project.service("flower_shop:Iris")
    service.__dict__["name"] = "tulip"
    bundle = write_bundle(service, project.out / "saved")
    assert (project.names(bundle), project.paths(bundle), bundle.name) == (["bento-core", "flower-shop"], [], "tulip")
    loaded = load_service(bundle)
    assert (loaded.name, loaded.predict(1)) == ("tulip", 1)


def test_an_installed_editable_project_is_saved_as_source_if_it_is_the_current_folder(
    project: Any, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("flower-shop", {"flowers.pth": str(project.root)}, editable=project.root)
    monkeypatch.chdir(project.root)
    bundle = project.save_iris({"iris.py": iris(imports="import helpers"), "helpers.py": ""})
    assert (project.names(bundle), project.paths(bundle)) == (["bento-core"], ["helpers.py", "iris.py"])


@pytest.mark.parametrize("mixed", [True, False])
def test_a_script_beside_the_modules_of_an_editable_project_is_saved_as_source(
    project: Any, site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mixed: bool
) -> None:
    """This holds for plugins, too, because their tests define services."""
    project.write({"pyproject.toml": "", "src/flowers/__init__.py": "", "iris.py": iris("import flowers, helpers"), "helpers.py": ""})
    root = project.root if mixed else project.root / "src"
    files = {"_flowers.pth": f"{root}\n", "bento_flowers-1.0.dist-info/entry_points.txt": "[bento]\nflowers = flowers\n"}
    site.install("bento-flowers", files, editable=project.root)
    monkeypatch.setattr(sys, "path", [*sys.path, str(project.root / "src")])
    monkeypatch.chdir(tmp_path)
    if mixed:
        project.write({"flowers/__init__.py": ""})
        with pytest.raises(
            RequirementError, match=r"^bento-flowers 1\.0 is on no package index, and cannot be bundled as a wheel, because "
        ):
            project.save()
    else:
        assert project.names(project.save()) == ["bento-core", "bento-flowers"]
        assert project.paths(project.save(to="again")) == ["helpers.py", "iris.py"]


def test_distributions_that_lost_their_metadata_are_passed_over(project: Any, site: Any) -> None:
    (site.folder / "broken-1.0.dist-info").mkdir()
    (site.folder / "~umpy-1.0.dist-info").mkdir()
    (site.folder / "nameless-1.0.dist-info").mkdir()
    (site.folder / "nameless-1.0.dist-info/METADATA").write_text("Version: 1.0\n")
    assert project.names(project.save_iris({})) == ["bento-core"]


def test_the_setup_script_goes_along(project: Any) -> None:
    project.write(
        {"iris.py": iris(imports="").replace("model =", "env = bento.Env(setup='docker/setup.sh')\n    model ="), "docker/setup.sh": "id\n"}
    )
    bundle = project.save()
    assert bundle.manifest.env.setup == "src/docker/setup.sh"
    assert (bundle.path / "src/docker/setup.sh").read_text() == "id\n"


def test_a_setup_script_that_is_not_there_is_named(project: Any) -> None:
    assert refusal(project, {"iris.py": iris().replace("model =", "env = bento.Env(setup='setup.sh')\n    model =")}) == (
        f"Env(setup='setup.sh'): there is no file {project.root}/setup.sh"
    )


@pytest.mark.parametrize("name", ["a\\b.txt", "a\nb.txt", "\u202etxt.exe"])
def test_a_file_that_no_manifest_can_name_is_refused(project: Any, name: str) -> None:
    project.write({f"pack/{name}": ""})
    message = refusal(project, {"pack/__init__.py": "", "iris.py": iris("import pack")})
    assert (
        message
        == f"{str(project.root / 'pack' / name)!r} cannot go into the bundle, expected a relative path like 'src/iris.py': rename it"
    )


def test_two_files_with_names_that_are_equal_on_some_file_systems_are_refused(project: Any) -> None:
    project.write({"pack/Words.txt": "", "pack/words.txt": ""})
    message = refusal(project, {"pack/__init__.py": "", "iris.py": iris("import pack")})
    assert (
        message
        == f"'{project.root}/pack/words.txt' cannot go into the bundle, expected paths that are distinct on every file system: rename it"
    )


def test_import_names_that_differ_from_their_distributions_are_known(project: Any) -> None:
    bundle = project.save_iris({"iris.py": iris("import numpy, sklearn.svm, yaml, dateutil")})
    for name in ("numpy", "scikit-learn", "pyyaml", "python-dateutil"):
        assert f"{name}=={importlib.metadata.version(name)}" in bundle.manifest.requirements
