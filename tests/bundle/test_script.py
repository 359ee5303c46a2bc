from __future__ import annotations

from typing import Any

from bento.bundle import open_bundle

CLASS = """
import os, pathlib
import bento
from bento.artifacts import PickleArtifact
from bento.bundle import load_service, write_bundle

OUT = pathlib.Path(os.environ["OUT"], "saved")

class Scaler:
    def __call__(self, value):
        return 2 * value

class Iris(bento.Service):
    model = PickleArtifact()

    @bento.api
    def predict(self, value):
        return self.model(value)

def save():
    return write_bundle(Iris(model=Scaler()), OUT)

"""
GUARD = 'if __name__ == "__main__":\n    '
LOAD = """
import os, pathlib
from bento.bundle import load_service, open_bundle

print(load_service(open_bundle(pathlib.Path(os.environ["OUT"], "saved"))).predict(21))
"""


def run(project: Any, code: str, file: str = "train.py", *arguments: str) -> Any:
    project.write({file: CLASS + code})
    return project.run(*(arguments or (file,)))


def failure(done: Any) -> str:
    return done.stderr.splitlines()[-1].partition(": ")[2]


def test_a_service_in_a_script_is_saved_in_a_module_named_after_the_script(project: Any) -> None:
    done = run(project, GUARD + "save()")
    assert done.returncode == 0, done.stderr
    bundle = open_bundle(project.out / "saved")
    assert bundle.manifest.service == "train:Iris"
    assert project.paths(bundle) == ["train.py"]


def test_classes_that_a_script_defines_are_found_when_its_bundle_is_loaded_elsewhere(project: Any) -> None:
    run(project, GUARD + "save()")
    assert open_bundle(project.out / "saved").manifest.artifacts[0].type == "train.Scaler"
    (project.root / "train.py").unlink()
    project.write({"load.py": LOAD})
    done = project.run("load.py")
    assert done.stdout == "42\n", done.stderr


def test_a_script_can_load_what_it_saved_and_gets_its_own_classes(project: Any) -> None:
    done = run(
        project, GUARD + "service = load_service(save()); print(type(service) is Iris, type(service.model) is Scaler, Scaler.__module__)"
    )
    assert done.stdout == "True True __main__\n", done.stderr


def test_a_script_edited_after_saving_loads_the_classes_that_it_saved(project: Any) -> None:
    run(project, GUARD + "save()")
    done = run(
        project, "from bento.bundle import open_bundle\nCHANGED = True\n" + GUARD + "print(type(load_service(open_bundle(OUT))) is Iris)"
    )
    assert done.stdout == "False\n", done.stderr


def test_a_script_may_save_in_a_function_that_the_guard_calls(project: Any) -> None:
    assert run(project, 'def main():\n    save()\n\nif "__main__" == __name__ and True:\n    main()').returncode == 0


def test_a_script_that_saves_whenever_it_is_imported_is_refused(project: Any) -> None:
    line = CLASS.count("\n")
    assert failure(run(project, "save()")) == (
        f"{project.root}/train.py:{line} saves whenever the file is imported, and loading the bundle imports it: "
        'put everything that trains and saves under if __name__ == "__main__":'
    )
    assert project.leftovers() == []


def test_a_save_outside_the_guard_is_refused_even_if_its_else_branch_prevents_the_save(project: Any) -> None:
    done = run(project, 'if __name__ == "__main__":\n    save_now = True\nelse:\n    save_now = False\nif save_now:\n    save()')
    assert "saves whenever the file is imported" in failure(done)


def test_an_imported_module_that_saves_when_it_is_imported_is_refused(project: Any) -> None:
    project.write({"other.py": "import train"})
    assert "train.py" in failure(run(project, "save()", "train.py", "other.py"))


def test_a_module_run_with_dash_m_keeps_its_full_name(project: Any) -> None:
    project.write({"shop/__init__.py": "", "shop/prices.py": ""})
    done = run(project, "from . import prices\n" + GUARD + "print(load_service(save()).predict(21))", "shop/train.py", "-m", "shop.train")
    assert done.stdout == "42\n", done.stderr
    bundle = open_bundle(project.out / "saved")
    assert bundle.manifest.service == "shop.train:Iris"
    assert project.paths(bundle) == ["shop/__init__.py", "shop/prices.py", "shop/train.py"]


def test_a_script_whose_name_is_not_a_module_name_is_saved_under_one_that_is(project: Any) -> None:
    run(project, GUARD + "save()", "train-iris.py")
    bundle = open_bundle(project.out / "saved")
    assert (bundle.manifest.service, project.paths(bundle)) == ("train_iris:Iris", ["train_iris.py"])


def test_a_script_and_a_module_that_would_be_one_file_are_refused(project: Any) -> None:
    project.write({"train_iris.py": ""})
    assert failure(run(project, "import train_iris\n" + GUARD + "save()", "train-iris.py")) == (
        f"{project.root}/train_iris.py and {project.root}/train-iris.py would both be src/train_iris.py in the bundle: rename one of them"
    )


def test_a_script_whose_name_no_module_can_have_is_refused(project: Any) -> None:
    assert failure(run(project, GUARD + "save()", "1st.py")) == (
        f"no other process can import {project.root}/1st.py: put Iris into a file like iris.py"
    )


def test_a_script_that_another_program_executes_is_refused(project: Any) -> None:
    project.write({"train.py": CLASS + "save()", "profile_it.py": "exec(compile(open('train.py').read(), 'train.py', 'exec'))"})
    assert failure(project.run("profile_it.py")) == (
        "Iris is defined at a prompt, or in a script that another program runs, and no other process can import it: "
        "put it into a file, such as iris.py, and import it from there"
    )


DOCUMENTED = CLASS.replace("model = Pickle", '"""Doubles numbers.\n\n    And no words.\n    """\n\n    model = Pickle').replace(
    "return self.model", '"""Twice\nthe number."""\n        return self.model'
)
DOCS = """
from bento.serving import openapi
bundle = save()
document = openapi(load_service(bundle))
print([bundle.manifest.doc, bundle.manifest.apis[0].doc, document["info"]["description"], document["paths"]["/predict"]["post"]["summary"]])
"""


def test_docstrings_that_python_has_dropped_are_read_from_the_source(project: Any) -> None:
    project.write({"train.py": DOCUMENTED + GUARD + DOCS.replace("\n", "\n    ")})
    done = project.run("-OO", "train.py")
    doc = "Doubles numbers.\n\nAnd no words."
    said = [doc, "Twice\nthe number.", doc, "Twice"]
    assert done.stdout == f"{said}\n", done.stderr


def test_an_api_that_is_a_lambda_has_no_docstring_in_its_source_either(project: Any) -> None:
    project.write({"train.py": "import bento\nclass Same(bento.Service):\n    same = bento.api(lambda self, value: value)\n"})
    done = project.run("-OO", "-c", "import train; print([api.doc for api in train.Same().apis.values()])")
    assert done.stdout == "['']\n", done.stderr


def test_a_class_typed_into_an_interpreter_is_refused_with_a_way_out(project: Any) -> None:
    message = (
        "Iris is defined at a prompt, or in a script that another program runs, and no other process can import it: "
        "put it into a file, such as iris.py, and import it from there"
    )
    assert failure(project.run("-c", CLASS + "save()")) == message
    assert failure(project.run("-", text=CLASS + "save()")) == message


def typed(code: str) -> str:
    """Code as it is typed at a prompt, where an empty line ends a block."""
    return code.replace("\n\n", "\n").replace("class", "\nclass").replace("def save", "\ndef save")


def test_a_class_typed_after_a_script_ran_is_refused_too(project: Any) -> None:
    project.write({"start.py": "x = 1\n"})
    done = project.run("-i", "start.py", text=typed(CLASS) + "\nsave()\n")
    assert "Iris is defined at a prompt, or in a script that another program runs, and no other process can import it: " in done.stderr


# As `%run -i train.py` leaves it behind in a notebook, and as editors that run a script cell by cell set it.
FILE = "__file__ = os.path.abspath('train.py')\n"


def test_a_class_of_a_script_that_was_redefined_at_the_prompt_is_refused(project: Any) -> None:
    project.write({"train.py": CLASS})
    code = CLASS.replace("return self.model", "return 7 + self.model")
    done = project.run("-i", "train.py", text=f"{FILE}{typed(code)}\nsave()\n")
    assert "Iris is defined at a prompt, or in a script that another program runs, and no other process can import it: " in done.stderr
    assert project.leftovers() == []


def test_a_class_of_a_script_that_ran_is_saved_from_a_prompt_that_knows_its_file(project: Any) -> None:
    project.write({"train.py": CLASS})
    done = project.run("-i", "train.py", text=f"{FILE}print(load_service(write_bundle(Iris(model=Scaler()), OUT)).predict(21))\n")
    assert done.stdout == "42\n", done.stderr
    assert project.paths(open_bundle(project.out / "saved")) == ["train.py"]
