from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from bento.bundle import write_bundle
from bento.errors import BentoError

NUMPY, SKLEARN = version("numpy"), version("scikit-learn")


def save(project: Any, env: str, imports: str = "", **files: str) -> Any:
    code = project.IRIS.replace("model =", f"env = bento.Env({env})\n        model =").replace("return", f"{imports}\n            return")
    return project.save_iris({"iris.py": code, **files})


def requirements(project: Any, env: str, imports: str = "", **files: str) -> list[str]:
    bundle = save(project, env, imports, **files)
    lines = (bundle.path / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("--")] == list(bundle.manifest.requirements)
    return [line for line in lines if "bento-core" not in line and not line.startswith("--")]


def refusal(project: Any, env: str, imports: str = "", **files: str) -> str:
    with pytest.raises(BentoError) as caught:
        save(project, env, imports, **files)
    assert project.leftovers() == []
    return str(caught.value)


def txt(project: Any, text: str) -> list[str]:
    (project.root / "requirements.txt").write_text(text)
    return requirements(project, "requirements_txt='requirements.txt'")


def txt_refusal(project: Any, text: str) -> str:
    (project.root / "requirements.txt").write_text(text)
    return refusal(project, "requirements_txt='requirements.txt'")


def test_a_requirement_of_env_is_pinned_to_the_installed_version(project: Any) -> None:
    assert requirements(project, "python=['scikit-learn', 'NumPy>=1']") == [f"numpy=={NUMPY}", f"scikit-learn=={SKLEARN}"]


def test_a_distribution_both_imported_and_required_by_env_is_one_requirement(project: Any) -> None:
    assert requirements(project, "python=['numpy>=1']", "import numpy") == [f"numpy=={NUMPY}"]


def test_a_requirement_of_env_for_an_imported_distribution_must_fit_the_installed_version(project: Any) -> None:
    assert refusal(project, "python=['scikit-learn<1.0']", "import sklearn") == (
        f"Env(python=...) asks for 'scikit-learn<1.0', but scikit-learn {SKLEARN} is installed, which iris.py:10 needs: "
        f"install one that fits, or ask for scikit-learn=={SKLEARN}"
    )


def test_a_requirement_of_env_that_no_import_needs_must_fit_the_installed_version_too(project: Any) -> None:
    assert refusal(project, "python=['numpy==1.0']") == (
        f"Env(python=...) asks for 'numpy==1.0', but numpy {NUMPY} is installed: install one that fits, or ask for numpy=={NUMPY}"
    )


def test_a_pinned_requirement_that_is_not_installed_is_kept(project: Any) -> None:
    assert requirements(project, "python=['Flower_Shop[fast]==2.0']") == ["flower-shop[fast]==2.0"]


@pytest.mark.parametrize("asked", ["flower-shop", "flower-shop>=2", "flower-shop==2.*"])
def test_a_requirement_neither_installed_nor_pinned_is_refused(project: Any, asked: str) -> None:
    assert refusal(project, f"python=['{asked}']") == (
        f"Env(python=...) asks for {asked!r}, which is not installed: install it, or write the version, as in flower-shop==1.0"
    )


def test_two_pins_of_a_distribution_that_is_not_installed_must_agree(project: Any) -> None:
    (project.root / "requirements.txt").write_text("flower-shop==3.0\n")
    assert refusal(project, "python=['flower-shop==2.0'], requirements_txt='requirements.txt'") == (
        "Env(python=...) asks for 'flower-shop==2.0' and requirements.txt:1 for 'flower-shop==3.0': ask for one version"
    )


def test_extras_and_markers_are_kept(project: Any) -> None:
    assert requirements(project, "python=['uvicorn[standard]', 'numpy; python_version >= \"3.8\"']") == [
        f'numpy=={NUMPY}; python_version >= "3.8"',
        f"uvicorn[standard]=={version('uvicorn')}",
    ]


def test_a_requirement_without_a_marker_holds_everywhere(project: Any) -> None:
    assert requirements(project, "python=['numpy; python_version >= \"3.8\"']", "import numpy") == [f"numpy=={NUMPY}"]


def test_markers_of_one_distribution_are_joined(project: Any) -> None:
    env = "python=['numpy; python_version >= \"3.8\"', 'numpy; sys_platform == \"linux\"']"
    assert requirements(project, env) == [f'numpy=={NUMPY}; (python_version >= "3.8") or (sys_platform == "linux")']


def test_a_requirement_whose_marker_does_not_hold_here_is_not_compared_with_the_installed_version(project: Any) -> None:
    assert requirements(project, "python=['numpy<1; sys_platform == \"win32\"']") == [f'numpy=={NUMPY}; sys_platform == "win32"']


def test_a_requirements_file_is_read_as_pip_reads_it(project: Any) -> None:
    text = (
        "\ufeff# comment\n\nnumpy >= 1.0  # why\nscikit-learn \\\n  >= 1.0 , \\\n  < 99\n"
        "flower-shop==1.0 ; python_version < '4'\n#numpy<1 \\\n"
    )
    assert txt(project, text) == ['flower-shop==1.0; python_version < "4"', f"numpy=={NUMPY}", f"scikit-learn=={SKLEARN}"]


def test_a_conflict_in_a_requirements_file_is_named_with_its_line(project: Any) -> None:
    assert txt_refusal(project, "\nscikit-learn\nnumpy \\\n <1").startswith("requirements.txt:3 asks for 'numpy<1', but numpy ")


@pytest.mark.parametrize(
    "line", ["-r other.txt", "-e .", "--index-url https://example.org", "--extra-index-url=x", "-f wheels", "numpy==1 --hash=sha256:0"]
)
def test_options_in_a_requirements_file_are_refused_with_their_line(project: Any, line: str) -> None:
    assert txt_refusal(project, f"numpy\n{line}\n") == (
        f"requirements.txt:2: {line!r} has an option, and a bundle keeps requirements only: write them without options"
    )


def test_an_address_in_a_requirements_file_is_refused_with_its_line(project: Any) -> None:
    assert txt_refusal(project, "shop @ file:///etc/passwd") == (
        "requirements.txt:1: 'shop @ file:///etc/passwd' names a URL: install 'shop' here, and it is kept in the bundle as a wheel"
    )


@pytest.mark.parametrize("line", ["./shop", "shop.whl /x", "${SHOP}", "numpy==$(id)"])
def test_an_invalid_requirement_is_refused_with_its_line(project: Any, line: str) -> None:
    assert txt_refusal(project, line) == f"requirements.txt:1: {line!r} is not a requirement: expected one like 'scikit-learn>=1.5'"


def test_a_requirements_file_that_is_not_there_is_named(project: Any) -> None:
    assert refusal(project, "requirements_txt='requirements.txt'") == (
        f"Env(requirements_txt='requirements.txt'): there is no file {project.root}/requirements.txt"
    )


def test_a_requirements_file_that_is_not_text_is_named(project: Any) -> None:
    (project.root / "requirements.txt").write_bytes(b"\xff\xfe")
    assert refusal(project, "requirements_txt='requirements.txt'").startswith("cannot read requirements.txt: 'utf-8' codec can't decode")


def test_the_local_part_of_a_version_is_left_out_unless_it_is_required(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": ""}, "1.5+cpu")
    assert requirements(project, "", "import garden") == ["garden==1.5"]


def test_the_local_part_of_a_version_is_kept_if_it_is_required(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": ""}, "1.5+cpu")
    assert requirements(project, "python=['garden==1.5+cpu']", "import garden") == ["garden==1.5+cpu"]


def test_an_installed_distribution_with_an_invalid_version_is_named(project: Any, site: Any) -> None:
    site.install("garden", {"garden.py": ""}, "today")
    assert refusal(project, "", "import garden") == (
        "garden today is installed, a version that no requirement can name: install another one"
    )


def test_plugins_whose_artifacts_are_used_are_required(project: Any) -> None:
    project.write({"iris.py": project.IRIS})
    bundle = project.save()
    assert "bento-core" in project.names(bundle)
    assert bundle.manifest.artifacts[0].distribution == "bento-core"
    assert bundle.manifest.apis[0].input.distribution == "bento-core"


def test_requirements_of_an_artifact_are_in_the_bundle(project: Any) -> None:
    code = project.IRIS.replace(
        "class Iris", "class Flowers(JsonArtifact):\n        def requirements(self): return ['scikit-learn>=1']\n\n    class Iris"
    )
    bundle = project.save_iris({"iris.py": code.replace("= JsonArtifact()", "= Flowers()")})
    assert f"scikit-learn=={SKLEARN}" in bundle.manifest.requirements
    assert bundle.manifest.artifacts[0].distribution is None


def test_requirements_of_an_artifact_may_depend_on_the_model(project: Any) -> None:
    code = project.IRIS.replace(
        "class Iris", "class Flowers(JsonArtifact):\n        def requirements_of(self, model): return sorted(model)\n\n    class Iris"
    )
    project.write({"iris.py": code.replace("= JsonArtifact()", "= Flowers()")})
    bundle = write_bundle(project.service(model={"numpy>=1": 1, "scikit-learn": 2}), project.out / "saved")
    assert {f"numpy=={NUMPY}", f"scikit-learn=={SKLEARN}"} <= set(bundle.manifest.requirements)


def test_an_artifact_with_an_invalid_requirement_is_refused(project: Any) -> None:
    code = project.IRIS.replace(
        "class Iris", "class Flowers(JsonArtifact):\n        def requirements(self): return ['not one']\n\n    class Iris"
    )
    with pytest.raises(BentoError) as caught:
        project.save_iris({"iris.py": code.replace("= JsonArtifact()", "= Flowers()")})
    assert str(caught.value) == "Flowers asks for 'not one', which is not a requirement: expected one like 'scikit-learn>=1.5'"
