"""The modules of the classes in a model are saved, whether or not the module of the service imports them."""

from __future__ import annotations

import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pytest

from bento.bundle import write_bundle
from bento.errors import RequirementError

SERVICE = """
    import bento
    from bento.artifacts import PickleArtifact

    class Iris(bento.Service):
        model = PickleArtifact()

        @bento.api
        def predict(self, value):
            return self.model[0](value)
"""
SCALERS = """
    import factors

    class Scaler:
        def __call__(self, value):
            return factors.TWO * value
"""
LOAD = """
    import os, pathlib
    from bento.bundle import load_service, open_bundle

    print(load_service(open_bundle(pathlib.Path(os.environ["OUT"], "saved"))).predict(21))
"""


def save(project: Any, model: object) -> Any:
    project.write({"iris.py": SERVICE})
    return write_bundle(project.service(model=model), project.out / "saved")


def test_the_module_of_a_pickled_class_goes_along_with_what_it_imports(project: Any) -> None:
    project.write({"scalers.py": SCALERS, "factors.py": "TWO = 2"})
    bundle = save(project, [project.module("scalers").Scaler()])
    assert project.paths(bundle) == ["factors.py", "iris.py", "scalers.py"]
    for file in ("scalers.py", "factors.py", "iris.py"):
        (project.root / file).unlink()
    project.write({"load.py": LOAD})
    done = project.run("load.py")
    assert done.stdout == "42\n", done.stderr


def test_the_module_of_a_pickled_function_in_a_package_goes_along(project: Any) -> None:
    project.write({"shop/__init__.py": "", "shop/prices.py": "def double(value): return 2 * value"})
    bundle = save(project, [project.module("shop.prices").double])
    assert project.paths(bundle) == ["iris.py", "shop/__init__.py", "shop/prices.py"]


def test_the_distribution_of_a_pickled_class_is_required(project: Any) -> None:
    from click import Choice

    bundle = save(project, [Choice(["a", "b"])])
    assert f"click=={version('click')}" in bundle.manifest.requirements


def test_a_pickled_class_of_a_module_elsewhere_is_refused(project: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/scalers.py").write_text("class Scaler: pass")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    root = project.root
    with pytest.raises(RequirementError) as caught:
        save(project, [project.module("scalers").Scaler()])
    assert str(caught.value) == (
        f"Iris.model imports 'scalers' from {tmp_path}/elsewhere/scalers.py, which neither lies in the project's root {root} "
        f"nor belongs to an installed distribution: move it into {root}, or install it, without -e"
    )


def test_a_module_that_only_a_compiled_class_names_is_left_out(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("_compiled")
    module.Loss = type("Loss", (), {"__module__": "_compiled"})
    monkeypatch.setitem(sys.modules, "_compiled", module)
    assert project.paths(save(project, [module.Loss()])) == ["iris.py"]
