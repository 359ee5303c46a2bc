from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from typing import Any

import pytest

import bento
from bento.bundle import Bundle, load_service, open_bundle, verify
from bento.errors import ArtifactError, BentoError, BundleError, PluginError

THIS = ".".join(map(str, sys.version_info[:3]))
LOAD = """
import os, pathlib, sys
from bento.bundle import load_service, open_bundle

def load(name):
    return load_service(open_bundle(pathlib.Path(os.environ["OUT"], name)))
"""


def rewrite(bundle: Bundle, change: Callable[[dict[str, Any]], object]) -> Bundle:
    """The same bundle with another manifest."""
    document = json.loads((bundle.path / "bento.json").read_text())
    change(document)
    (bundle.path / "bento.json").write_text(json.dumps(document))
    return open_bundle(bundle.path)


def refusal(bundle: Bundle) -> str:
    with pytest.raises(BentoError) as caught:
        load_service(bundle)
    return str(caught.value)


def elsewhere(project: Any, code: str) -> str:
    """What code prints in a process that knows nothing of the project."""
    project.write({"load.py": LOAD + code})
    done = project.run("-P", str(project.root / "load.py"), PYTHONDONTWRITEBYTECODE="")
    return done.stdout + done.stderr.strip().rpartition("\n")[2]


def test_models_and_their_metadata_come_back(project: Any) -> None:
    service = load_service(project.save_iris({}))
    assert service.model == {"weights": [1, 2]}
    assert service.metadata("model") == {}


def test_a_process_that_has_imported_the_source_keeps_its_classes(project: Any) -> None:
    bundle = project.save_iris({"helpers.py": ""})
    assert type(load_service(bundle)) is project.module("iris").Iris


@pytest.mark.parametrize("suffix", [EXTENSION_SUFFIXES[0], EXTENSION_SUFFIXES[-1]])
def test_a_compiled_module_is_preferred_to_its_source_when_loaded_as_it_was_before_saving(project: Any, suffix: str) -> None:
    compiled = find_spec("_lsprof")
    if compiled is None or not compiled.has_location or compiled.origin is None:
        pytest.skip("this Python has no _lsprof in a file of its own")
    project.write({"pack/__init__.py": "", "pack/_lsprof.py": ""})
    shutil.copy(compiled.origin, project.root / f"pack/_lsprof{suffix}")
    iris = project.IRIS.replace("import bento\n", "import bento, pack._lsprof\n", 1).replace("[self.model, value]", "pack._lsprof.__file__")
    service = load_service(project.save_iris({"iris.py": iris}))
    assert service.predict(0) == str(project.root / f"pack/_lsprof{suffix}")
    shutil.rmtree(project.root / "pack")
    (project.root / "iris.py").unlink()
    assert elsewhere(project, "print(load('saved').predict(0))") == f"{project.out}/saved/src/pack/_lsprof{suffix}\n"


def test_a_bundle_saved_again_after_loading_it_is_the_same(project: Any) -> None:
    project.save_iris({"helpers.py": ""}, version="1")
    code = "from bento.bundle import write_bundle\nwrite_bundle(load('saved'), pathlib.Path(os.environ['OUT'], 'again'), version='1')"
    for file in ("iris.py", "helpers.py"):
        (project.root / file).unlink()
    assert elsewhere(project, code) == ""
    assert open_bundle(project.out / "again").digest == open_bundle(project.out / "saved").digest


def test_another_module_of_the_same_name_prevents_loading(project: Any) -> None:
    bundle = project.save_iris({}, version="3")
    project.write({"iris.py": project.IRIS + "\n# changed"})
    assert refusal(bundle) == (
        f"bundle iris:3 has a module 'iris' of its own, and this process has another one from {project.root}/iris.py: "
        "load the bundle in a fresh process"
    )


def test_a_changed_module_of_an_imported_package_prevents_loading_even_before_it_is_imported(project: Any) -> None:
    late = project.IRIS.replace("return", "import pack.late\n            return")
    bundle = project.save_iris({"iris.py": late, "pack/__init__.py": "", "pack/late.py": ""}, version="3")
    project.module("pack")
    project.write({"pack/late.py": "CHANGED = True"})
    assert f"has a module 'pack.late' of its own, and this process has another one from {project.root}/pack/late.py: " in refusal(bundle)
    (project.root / "pack/late.py").unlink()
    assert f"has a module 'pack.late' of its own, and this process has another one from {project.root}/pack/late: " in refusal(bundle)


def test_bundles_with_different_modules_of_one_name_need_separate_processes(project: Any) -> None:
    late = project.IRIS.replace("return", "import helpers\n            return")
    project.write({"iris.py": late, "rose.py": late, "helpers.py": ""})
    project.save(to="iris", version="1")
    project.write({"helpers.py": "CHANGED = True"})
    project.save("rose:Iris", to="rose", version="2")
    for file in ("iris.py", "rose.py", "helpers.py"):
        (project.root / file).unlink()
    assert elsewhere(project, "load('iris')\nload('rose')") == (
        "bento.errors.BundleError: bundle iris:2 has a module 'helpers' of its own, "
        f"and this process has another one from {project.out}/iris/src: load the bundle in a fresh process"
    )


def test_two_bundles_with_different_parts_of_a_package_cannot_share_a_process(project: Any) -> None:
    late = project.IRIS.replace("return", "import pack\n            return")
    project.write({"iris.py": late, "rose.py": late, "pack/__init__.py": ""})
    project.save(to="iris")
    project.write({"pack/more.py": ""})
    project.save("rose:Iris", to="rose")
    for file in ("iris.py", "rose.py", "pack/__init__.py", "pack/more.py"):
        (project.root / file).unlink()
    assert " has a module 'pack.more' of its own, and " in elsewhere(project, "load('iris')\nload('rose')")


def test_bundles_that_share_modules_share_a_process(project: Any) -> None:
    late = project.IRIS.replace("return [self.model, value]", "import helpers\n            return helpers.__file__")
    project.write({"iris.py": late, "rose.py": late, "helpers.py": ""})
    project.save(to="iris")
    project.save("rose:Iris", to="rose")
    for file in ("iris.py", "rose.py", "helpers.py"):
        (project.root / file).unlink()
    code = "iris, rose = load('iris'), load('rose')\nprint(iris.predict(0) == rose.predict(0))"
    assert elsewhere(project, code) == "True\n"


def test_a_process_without_the_source_takes_it_from_the_bundle_once(project: Any) -> None:
    bundle = project.save_iris({"helpers.py": "", "iris.py": project.IRIS.replace("return", "import helpers\n            return")})
    del sys.modules["iris"]
    for file in ("iris.py", "helpers.py"):
        (project.root / file).unlink()
    first, second = load_service(bundle), load_service(bundle)
    assert type(first) is type(second)
    assert sys.modules["iris"].__file__ == f"{bundle.path}/src/iris.py"
    assert first.predict(1) == [{"weights": [1, 2]}, 1]
    assert sys.modules["helpers"].__file__ == f"{bundle.path}/src/helpers.py"
    assert not list(bundle.path.rglob("__pycache__"))


def test_a_bundle_that_cannot_be_imported_does_not_prevent_loading_another(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code = project.IRIS.replace("import bento\n", "import bento, helpers, os\n    assert 'BROKEN' not in os.environ\n", 1)
    broken = project.save_iris({"helpers.py": "", "iris.py": code}, to="broken")
    del sys.modules["iris"], sys.modules["helpers"]
    good = project.save_iris({}, to="good")
    del sys.modules["iris"]
    for file in ("iris.py", "helpers.py"):
        (project.root / file).unlink()
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(BundleError, match="cannot import iris: AssertionError"):
        load_service(broken)
    assert "helpers" not in sys.modules
    assert load_service(good).predict(1) == [{"weights": [1, 2]}, 1]


def test_a_module_that_a_function_imports_later_comes_from_the_bundle_and_leaves_it_unchanged(project: Any) -> None:
    late = project.IRIS.replace("return [self.model, value]", "import pack.helpers\n            return pack.helpers.WORDS")
    helpers = "import pathlib\nWORDS = pathlib.Path(__file__).with_name('words.txt').read_text()"
    bundle = project.save_iris({"iris.py": late, "pack/__init__.py": "", "pack/helpers.py": helpers, "pack/words.txt": "rose"})
    (project.root / "iris.py").unlink()
    (project.root / "pack").rename(project.root / "gone")
    assert elsewhere(project, "print(load('saved').predict(0))") == "rose\n"
    verify(bundle)


def test_processes_that_a_service_starts_leave_the_bundle_unchanged(project: Any) -> None:
    code = project.IRIS.replace("import bento\n", "import bento, multiprocessing\n", 1).replace(
        "return [self.model, value]",
        "\n            with multiprocessing.get_context('spawn').Pool(1) as pool:\n                return pool.map(double, [value])",
    )
    bundle = project.save_iris({"iris.py": code + "\n    def double(value):\n        return 2 * value\n"})
    (project.root / "iris.py").unlink()
    assert elsewhere(project, 'if __name__ == "__main__":\n    print(load("saved").predict(21))') == "[42]\n"
    verify(bundle)


def test_a_changed_file_is_found_before_any_code_runs(project: Any, tmp_path: Any) -> None:
    bundle = project.save_iris({})
    (bundle.path / "src/iris.py").write_text(f"open('{tmp_path}/canary', 'w')")
    assert "'src/iris.py' has " in elsewhere(project, "load('saved')")
    assert not (tmp_path / "canary").exists()


def test_another_version_of_python_gives_a_warning(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    bundle = rewrite(project.save_iris({}, version="3"), lambda document: document.update(python="3.1.4"))
    with caplog.at_level(logging.WARNING):
        load_service(bundle)
    assert caplog.messages == [f"bundle iris:3 was saved with Python 3.1.4 and is loaded with {THIS}: requirements may not fit"]


def edit(project: Any, files: dict[str, str]) -> None:
    """Write files anew, a minute after this process has imported them."""
    project.write(files)
    for file in files:
        os.utime(project.root / file, (time.time() + 60,) * 2)


def test_a_source_file_edited_after_its_import_gives_a_warning(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    project.write({"names.py": "NAMES = ['setosa']\n", "iris.py": "import names\n" + textwrap.dedent(project.IRIS)})
    project.save(to="before", version="3")
    assert caplog.messages == []
    edit(project, {"names.py": "NAMES = ['Setosa']\n"})
    bundle = project.save(version="4")
    assert caplog.messages == [
        (
            f"{project.root}/names.py has changed since Iris was defined: the bundle has it as it is now, "
            "and you may have tried it as it was before: import it again, or save in a fresh process"
        )
    ]
    caplog.clear()
    load_service(bundle)
    assert caplog.messages == [
        (
            f"{project.root}/names.py has changed since Iris was defined, and this process may run it as it was before, "
            "not as bundle iris:4 has it: load the bundle in a fresh process"
        )
    ]


def test_a_source_file_imported_again_after_an_edit_gives_no_warning(project: Any, caplog: pytest.LogCaptureFixture) -> None:
    project.save_iris({}, to="before")
    edit(project, {"iris.py": project.IRIS.replace("value]", "value, 1]")})
    os.utime(project.root / "iris.py")
    importlib.reload(project.module("iris"))
    assert load_service(project.save()).predict(2) == [{"weights": [1, 2]}, 2, 1]
    assert caplog.messages == []


def test_a_bundle_is_refused_without_the_python_that_env_names(project: Any) -> None:
    bundle = rewrite(project.save_iris({}, version="3"), lambda document: document["env"].update(python_version="3.1"))
    assert refusal(bundle) == f"bundle iris:3 needs Python 3.1, this is {THIS}: run it with Python 3.1"


@pytest.mark.parametrize("chosen", [THIS, THIS.rpartition(".")[0]])
def test_a_bundle_loads_under_the_python_that_env_names(project: Any, chosen: str) -> None:
    load_service(rewrite(project.save_iris({}), lambda document: document["env"].update(python_version=chosen)))


@pytest.mark.parametrize(("version", "specifier"), [("0.4.0", "~=0.4.0"), ("4", "==4"), ("0.4.0+cpu", "~=0.4.0"), ("odd", "===odd")])
def test_a_missing_artifact_says_what_to_install(project: Any, version: str, specifier: str) -> None:
    fields = {"format": "mxnet", "distribution": "bento-mxnet", "version": version}
    bundle = rewrite(project.save_iris({}, version="3"), lambda document: document["artifacts"][0].update(fields))
    with pytest.raises(PluginError) as caught:
        load_service(bundle)
    assert str(caught.value) == f"bundle iris:3 needs artifact 'mxnet' of bento-mxnet {version}: pip install 'bento-mxnet{specifier}'"


@pytest.mark.parametrize("field", ["input", "output"])
def test_a_missing_adapter_says_what_to_install(project: Any, field: str) -> None:
    def change(document: dict[str, Any]) -> None:
        fields = {"adapter": "audio", "distribution": "bento-audio", "version": "0.4.0"}
        document["apis"][0][field] = {**document["apis"][0]["input"], **fields}

    bundle = rewrite(project.save_iris({}, version="3"), change)
    assert refusal(bundle) == "bundle iris:3 needs adapter 'audio' of bento-audio 0.4.0: pip install 'bento-audio~=0.4.0'"


def test_a_plugin_that_failed_says_why(project: Any, site: Any) -> None:
    fields = {"format": "torch", "distribution": "bento-torch", "version": "0.2.0"}
    rewrite(project.save_iris({}, version="3"), lambda document: document["artifacts"][0].update(fields))
    entry_points = {"bento_torch-0.2.0.dist-info/entry_points.txt": "[bento]\ntorch = bento_torch\n"}
    site.install("bento-torch", {"bento_torch.py": "raise ImportError('libcudnn.so.9 is missing')", **entry_points}, "0.2.0")
    project.write({"load.py": LOAD + "load('saved')"})
    done = project.run("load.py", PYTHONPATH=str(site.folder), BENTO_DISABLE_PLUGINS="")
    assert done.stderr.endswith(
        "bento.errors.PluginError: bundle iris:3 needs artifact 'torch' of bento-torch 0.2.0: pip install 'bento-torch~=0.2.0'\n"
        "  bento-torch 0.2.0 failed to load: ImportError: libcudnn.so.9 is missing\n"
    )


def test_a_plugin_that_is_left_out_says_so(project: Any, site: Any) -> None:
    fields = {"format": "torch", "distribution": "bento-torch", "version": "0.2.0"}
    rewrite(project.save_iris({}, version="3"), lambda document: document["artifacts"][0].update(fields))
    entry_points = {"bento_torch-0.2.0.dist-info/entry_points.txt": "[bento]\ntorch = bento_torch\n"}
    site.install("bento-torch", {"bento_torch.py": "", **entry_points}, "0.2.0")
    project.write({"load.py": LOAD + "load('saved')"})
    done = project.run("load.py", PYTHONPATH=str(site.folder), BENTO_DISABLE_PLUGINS="torch")
    assert done.stderr.endswith(
        "bento.errors.PluginError: bundle iris:3 needs artifact 'torch' of bento-torch 0.2.0: "
        "it is installed, but BENTO_DISABLE_PLUGINS leaves it out\n"
    )


def test_a_module_that_is_not_installed_says_what_to_install(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": ""})
    project.save_iris({"iris.py": "import garden\n" + project.IRIS.replace("\n    ", "\n")}, version="3")
    (project.root / "iris.py").unlink()
    assert elsewhere(project, "load('saved')") == (
        "bento.errors.BundleError: bundle iris:3 cannot import iris: ModuleNotFoundError: No module named 'garden': "
        f"pip install -r {project.out}/saved/requirements.txt"
    )


def test_a_file_missing_from_the_bundle_that_a_module_reads_is_an_error_that_says_where_to_put_it(project: Any) -> None:
    code = "import pathlib\npathlib.Path(__file__).with_name('labels.txt').read_text()\n" + project.IRIS.replace("\n    ", "\n")
    project.save_iris({"iris.py": code, "labels.txt": "setosa"}, version="3")
    (project.root / "iris.py").unlink()
    assert elsewhere(project, "load('saved')") == (
        "bento.errors.BundleError: bundle iris:3 cannot import iris: FileNotFoundError: [Errno 2] No such file or directory: "
        f"'{project.out}/saved/src/labels.txt': a bundle has only modules and packages of a project: "
        "put 'labels.txt' into a package, or into a slot with FileArtifact"
    )


def test_a_missing_file_that_a_module_reads_from_the_current_folder_is_named_with_that_folder(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    code = "open('labels.txt').close()\n" + project.IRIS.replace("\n    ", "\n")
    project.save_iris({"iris.py": code, "labels.txt": "setosa"}, version="3")
    (project.root / "iris.py").unlink()
    (project.root / "labels.txt").unlink()
    assert elsewhere(project, "load('saved')") == (
        "bento.errors.BundleError: bundle iris:3 cannot import iris: FileNotFoundError: [Errno 2] No such file or directory: "
        f"'labels.txt': it was looked for in {project.root}: put it into a slot with FileArtifact, "
        "or into a package, and name it by Path(__file__)"
    )


@pytest.mark.parametrize(("fault", "told"), [("raise ValueError('no')", "ValueError: no"), ("raise SystemExit(3)", "SystemExit: 3")])
def test_a_module_that_fails_is_named_with_its_error(project: Any, fault: str, told: str) -> None:
    code = f"import os\nif 'FAIL' in os.environ:\n    {fault}\n" + project.IRIS.replace("\n    ", "\n")
    project.save_iris({"iris.py": code}, version="3")
    (project.root / "iris.py").unlink()
    expected = f"bento.errors.BundleError: bundle iris:3 cannot import iris: {told}"
    assert elsewhere(project, "os.environ['FAIL'] = '1'\nload('saved')") == expected


def test_a_model_that_cannot_be_loaded_is_named_with_slot_format_and_cause(project: Any) -> None:
    code = project.IRIS.replace(
        "class Iris", "class Flowers(JsonArtifact):\n        def load(self, folder): raise KeyError('rose')\n\n    class Iris"
    )
    bundle = project.save_iris({"iris.py": code.replace("= JsonArtifact()", "= Flowers()")}, version="3")
    with pytest.raises(ArtifactError) as caught:
        load_service(bundle)
    assert str(caught.value) == "bundle iris:3 cannot load model (json): KeyError: 'rose'"
    assert isinstance(caught.value.__cause__, KeyError)


OTHER = f"\n  saved with bento-core 0.0.1, bento-core {bento.__version__} is here: pip install 'bento-core==0.0.1'"


def by_another_version(document: dict[str, Any]) -> None:
    document["artifacts"][0].update(distribution="bento-core", version="0.0.1")


def test_a_model_that_another_version_of_its_plugin_cannot_load_is_an_error_naming_both_versions(project: Any) -> None:
    code = project.IRIS.replace(
        "class Iris", "class Flowers(JsonArtifact):\n        def load(self, folder): raise KeyError('rose')\n\n    class Iris"
    )
    bundle = project.save_iris({"iris.py": code.replace("= JsonArtifact()", "= Flowers()")}, version="3")
    assert refusal(rewrite(bundle, by_another_version)) == f"bundle iris:3 cannot load model (json): KeyError: 'rose'{OTHER}"


def test_a_module_that_fails_with_another_version_of_a_plugin_is_an_error_naming_both_versions(project: Any) -> None:
    code = "import os\nif 'FAIL' in os.environ:\n    raise TypeError('no')\n" + project.IRIS.replace("\n    ", "\n")
    rewrite(project.save_iris({"iris.py": code}, version="3"), by_another_version)
    (project.root / "iris.py").unlink()
    project.write({"load.py": LOAD + "load('saved')"})
    done = project.run("-P", str(project.root / "load.py"), FAIL="1")
    assert done.stderr.endswith(f"BundleError: bundle iris:3 cannot import iris: TypeError: no{OTHER}\n")


def test_an_installed_class_that_lost_a_slot_is_named(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": project.IRIS.replace("\n    ", "\n").lstrip()})
    bundle = project.save("garden:Iris", version="3")
    assert bundle.manifest.service == "garden:Iris"
    del sys.modules["garden"]
    site.install("garden", {"garden.py": project.IRIS.replace("\n    ", "\n").replace("model = ", "other = ").lstrip()})
    assert refusal(bundle) == "bundle iris:3 holds the slots model (json), but Iris has other (json): save it again"


def test_an_installed_class_that_is_gone_is_named(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": project.IRIS.replace("\n    ", "\n").lstrip()})
    bundle = project.save("garden:Iris", version="3")
    del sys.modules["garden"]
    site.install("garden", {"garden.py": "Iris = 3"})
    assert refusal(bundle) == f"bundle iris:3 needs a service class Iris of garden ({site.folder}/garden.py), which has none"


def test_a_loaded_service_has_the_name_of_its_bundle_even_if_its_class_has_another(project: Any) -> None:
    bundle = rewrite(project.save_iris({}), lambda document: document.update(name="tulip"))
    assert load_service(bundle).name == "tulip"


def test_progress_counts_every_byte(project: Any) -> None:
    done: list[int] = []
    bundle = project.save_iris({})
    load_service(bundle, progress=done.append)
    assert done[-1] == bundle.size


def test_a_folder_that_is_not_a_bundle_is_refused(tmp_path: Any) -> None:
    with pytest.raises(BundleError, match=r" is not a bundle: it has no bento\.json$"):
        open_bundle(tmp_path)
