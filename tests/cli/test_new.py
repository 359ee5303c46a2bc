"""`bento new`: what it writes, and what it refuses. What it writes is installed and tested in tests/installed."""

from __future__ import annotations

import tomllib

import pytest


def test_a_complete_plugin_is_written_and_the_next_steps_are_printed(bento, tmp_path):
    assert bento("new", "plugin", "red-shift").stdout == (
        "wrote 12 files into bento-red-shift\n"
        "\n"
        "next:\n"
        "  cd bento-red-shift\n"
        "  python -m pip install --editable '.[testing]'\n"
        "  python -m pytest\n"
        "  bento plugins red-shift --check\n"
    )
    written = {path.relative_to(tmp_path / "bento-red-shift").as_posix() for path in (tmp_path / "bento-red-shift").rglob("*.*")}
    assert {"pyproject.toml", "README.md", "src/bento_red_shift/py.typed", "tests/test_bento_red_shift.py"} <= written
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_no_placeholder_is_left_in_the_files(bento, tmp_path):
    bento("new", "plugin", "bento-red-shift")
    files = [path for path in (tmp_path / "bento-red-shift").rglob("*") if path.is_file() and path.name != "test.yml"]
    assert [path for path in files if "$" in path.read_text() or "package" in path.name] == []
    assert "${{ matrix.python }}" in (tmp_path / "bento-red-shift/.github/workflows/test.yml").read_text()


@pytest.mark.parametrize(
    ("licence", "text", "classifiers"),
    [
        ("Apache-2.0", "Apache License", ["Typing :: Typed"]),
        ("MIT", "MIT License\n\nCopyright (c) Ada\n", ["Typing :: Typed"]),
        ("none", None, ["Private :: Do Not Upload", "Typing :: Typed"]),
    ],
)
def test_a_licence_is_chosen(bento, tmp_path, licence, text, classifiers):
    bento("new", "plugin", "red-shift", tmp_path / "here", "--license", licence, "--author", "Ada")
    project = tomllib.loads((tmp_path / "here/pyproject.toml").read_text())["project"]
    assert project["classifiers"] == classifiers
    assert project.get("license") == (None if text is None else licence)
    file = tmp_path / "here/LICENSE"
    assert text in file.read_text() if text else not file.exists()


def test_an_existing_folder_is_not_touched(bento, tmp_path):
    (tmp_path / "bento-red-shift").mkdir()
    (tmp_path / "file").write_text("precious")
    message = "Error: '{}' is there already: remove it, or name another folder\n"
    assert bento("new", "plugin", "red-shift", code=1).stderr == message.format("bento-red-shift")
    assert bento("new", "plugin", "red-shift", "file", code=1).stderr == message.format("file")
    assert list((tmp_path / "bento-red-shift").iterdir()) == []
    assert (tmp_path / "file").read_text() == "precious"


def test_a_folder_that_cannot_be_written_to_is_an_error_without_a_traceback(bento):
    assert (
        bento("new", "plugin", "red-shift", "/proc/here", code=1).stderr == "Error: cannot write '/proc/here': No such file or directory\n"
    )


def test_a_missing_parent_folder_is_refused(bento):
    assert bento("new", "plugin", "red-shift", "no/where", code=1).stderr == (
        "Error: there is no folder 'no' to write into: make it, or name another folder\n"
    )


@pytest.mark.parametrize("name", ["Red", "red_shift", "1red", "red--shift", "../red", "red shift", "-", "", "r" * 41])
def test_a_name_that_is_not_valid_everywhere_is_refused(bento, tmp_path, name):
    said = bento("new", "plugin", "--", name, code=2).stderr
    assert said.endswith(f"Error: {name!r} is not a name for a plugin: use up to 40 of a-z, 0-9 and '-', beginning with a letter\n")
    assert not list(tmp_path.glob("bento-*"))


@pytest.mark.parametrize("name", ["core", "json"])
def test_a_name_that_is_taken_is_refused(bento, name):
    said = bento("new", "plugin", name, code=2).stderr
    assert f"Error: the name {name!r} is taken by bento-core " in said
    assert said.endswith(": choose another one\n")


def test_a_complete_service_is_written_and_the_next_steps_are_printed(bento, tmp_path):
    assert bento("new", "service", "house-prices").stdout == (
        "wrote 6 files into house-prices\n"
        "\n"
        "next:\n"
        "  cd house-prices\n"
        "  python -m pip install --editable '.[testing]'\n"
        "  python -m pytest\n"
        "  python train.py\n"
        "  bento serve house-prices\n"
    )
    files = [path for path in (tmp_path / "house-prices").rglob("*") if path.is_file()]
    assert [path for path in files if "$" in path.read_text() or "package" in path.name] == []
    assert "class HousePrices(bento.Service):" in (tmp_path / "house-prices/house_prices.py").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("2-rooms", "'2-rooms' does not give a module that Python can import: begin with a letter, as in 'house-prices'"),
        ("class", "'class' does not give a module that Python can import: begin with a letter, as in 'house-prices'"),
        ("json", "'json' would be the module 'json', which exists already: choose another name"),
        ("numpy", "'numpy' would be the module 'numpy', which exists already: choose another name"),
        ("train", "'train' would be the module 'train', which exists already: choose another name"),
    ],
)
def test_a_service_whose_module_cannot_be_imported_is_refused(bento, tmp_path, name, said):
    assert bento("new", "service", name, code=2).stderr.endswith(f"Error: {said}\n")
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["House", "../prices", "a b", ""])
def test_a_service_whose_name_no_bundle_can_have_is_refused(bento, name):
    assert f"Error: {name!r} is not a bundle name: use " in bento("new", "service", name, code=2).stderr
