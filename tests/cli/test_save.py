"""`bento save`."""

from __future__ import annotations

import pytest

from bento import Store


def test_a_service_of_a_module_is_saved(bento_process, project, home):
    done = bento_process("save", "shop:service", "--version", "3", "--label", "team=bakery", "--label", "stage=live", cwd=project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "shop:3\n", "")
    assert Store(home).get("shop:3").manifest.labels == {"team": "bakery", "stage": "live"}
    assert Store(home).get("shop:3").digest == Store(home).get("shop:1").digest


def test_without_a_version_one_is_made(bento_process, project, home, tmp_path):
    done = bento_process("save", "shop:service", "--store", tmp_path / "other", cwd=project)
    assert [str(bundle.tag) for bundle in Store(tmp_path / "other").list()] == [done.stdout.strip()]


@pytest.mark.parametrize("reference", ["shop", "stall:service", "shop:1", "./shop", "__main__:service"])
def test_an_object_of_a_module_that_is_not_a_service_is_refused(bento_process, project, reference):
    done = bento_process("save", reference, cwd=project)
    expected = f"Error: {reference!r} is not a service of a module here: expected MODULE:SERVICE, as in iris:service for ./iris.py\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.mark.parametrize(
    ("command", "status"),
    [(["save"], 1), (["run", "predict", "--input", "1"], 1), (["openapi"], 1), (["check"], 2)],
)
def test_a_module_that_ends_the_process_is_a_failure_whatever_status_it_chose(bento_process, tmp_path, command, status):
    (tmp_path / "script.py").write_text("import sys\nsys.exit(0)\n")
    name, *options = command
    done = bento_process(name, "script:service", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.endswith("Error: the code of a service ended this process: SystemExit(0)\n")


def test_a_name_that_the_module_lacks_is_refused_with_those_it_has(bento_process, project):
    done = bento_process("save", "shop:shopkeeper", cwd=project)
    assert (done.returncode, done.stderr) == (1, "Error: module 'shop' has no 'shopkeeper': its services are service\n")


def test_a_version_that_is_taken_is_refused(bento_process, project):
    done = bento_process("save", "shop:service", "--version", "1", cwd=project)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "shop:1" in done.stderr
