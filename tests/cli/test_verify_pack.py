"""`bento verify`, `bento pack` and `bento unpack`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from bento import Store
from commands import BENTO

PACKERS = ["archive", "docker", "folder", "heroku", "lambda", "oci", "sagemaker", "systemd", "wheel"]


@pytest.fixture
def bundle(home):
    return Store(home).get("shop:1")


@pytest.fixture
def archive(bento, tmp_path):
    bento("pack", "shop:1", "archive", tmp_path / "shop.bento")
    return tmp_path / "shop.bento"


def test_an_undamaged_bundle_is_reported_as_whole(bento, bundle):
    shown = bento("verify", "shop:1").stdout
    assert shown.startswith(f"shop:1 is whole: {len(bundle.manifest.files)} files, ")
    assert shown.endswith(f", sha256:{bundle.digest}\n")


def test_a_changed_file_is_named(bento, bundle):
    file = bundle.path / "src" / "shop.py"
    file.chmod(0o644)
    file.write_text(file.read_text().replace("upper", "lower"))
    assert bento("verify", "shop:1", code=1).stderr == "Error: bundle shop:1 is damaged: 'src/shop.py' has changed\n"


def test_a_folder_is_verified_as_a_tag_is(bento, bundle, tmp_path):
    shutil.copytree(bundle.path, tmp_path / "copy")
    assert "is whole" in bento("verify", tmp_path / "copy").stdout


def test_packers_are_listed(bento):
    lines = bento("pack", "--list").stdout.splitlines()
    assert lines[0].split() == ["PACKER", "MAKES", "OPTIONS"]
    assert [line.split()[0] for line in lines[1:]] == PACKERS
    assert [record["name"] for record in json.loads(bento("pack", "--list", "--json").stdout)] == PACKERS


def test_a_packer_is_listed_with_its_options(bento):
    records = {record["name"]: record["options"] for record in json.loads(bento("pack", "--list", "--json").stdout)}
    assert records["archive"] == []
    assert records["docker"] == ["base_image", "gpu"]
    assert re.search(r"^docker .* base_image, gpu$", bento("pack", "--list").stdout, re.MULTILINE)


def test_packing_prints_what_was_written(bento, tmp_path):
    assert bento("pack", "shop:1", "archive", "shop.bento").stdout == "shop.bento\n"
    assert json.loads(bento("pack", "shop:1", "archive", "again.bento", "--json").stdout)["path"] == "again.bento"
    assert (tmp_path / "shop.bento").read_bytes() == (tmp_path / "again.bento").read_bytes()


def test_packing_needs_a_bundle_a_packer_and_an_output(bento):
    assert bento("pack", "shop:1", code=2).stderr.endswith(
        "Error: expected a tag, a packer and where to write: bento pack iris:latest archive iris.bento, or bento pack --list\n"
    )


def test_an_unknown_packer_is_refused_with_those_that_exist(bento):
    assert bento("pack", "shop:1", "tarball", "out", code=1).stderr == (
        f"Error: no packer named 'tarball'\n  installed: {', '.join(PACKERS)}\n"
    )


@pytest.mark.parametrize("option", ["colour", "=red", "a b=c", "store=x"])
def test_an_option_is_a_name_and_a_value(bento, option):
    assert bento("pack", "shop:1", "archive", "out", "-o", option, code=2).stderr.endswith(
        f"Error: {option!r} is not an option of a packer: write -o NAME=VALUE\n"
    )


def test_an_option_is_given_once(bento):
    assert bento("pack", "shop:1", "docker", "out", "-o", "base_image=a", "-o", "base_image=b", code=2).stderr.endswith(
        "Error: option 'base_image' is given twice, as 'a' and 'b': leave one out\n"
    )


def test_an_option_that_the_packer_does_not_have_is_refused(bento):
    assert bento("pack", "shop:1", "archive", "out", "-o", "colour=red", code=1).stderr.startswith(
        "Error: wrong options for packer 'archive': "
    )


@pytest.mark.parametrize("packer", ["archive", "docker"])
def test_an_output_path_that_cannot_be_written_is_an_error_without_a_traceback(bento, packer):
    out = "a" * 300
    assert bento("pack", "shop:1", packer, out, code=1).stderr.startswith(f"Error: cannot write '{out}': [Errno 36] File name too long")


def test_a_packed_bundle_can_be_unpacked_elsewhere(bento, archive, tmp_path):
    assert bento("unpack", archive, "--store", tmp_path / "elsewhere").stdout == "shop:1\n"
    assert "shop:1" in bento("list", "--store", tmp_path / "elsewhere").stdout


def test_code_from_elsewhere_runs_only_when_it_is_trusted(bento, archive, tmp_path):
    bento("unpack", archive, "--store", tmp_path / "elsewhere")
    ask = ("run", "shop:1", "price", "--input", '"tea"', "--store", tmp_path / "elsewhere")
    refusal = bento(*ask, code=1).stderr
    assert refusal.startswith("Error: shop:1 was not made here: loading it would run its code\n")
    assert refusal.endswith("to go on if you trust where it came from: --trust on the command line, trust=True in Python\n")
    assert bento(*ask, "--trust").stdout == "3\n"


def test_trust_can_be_given_while_unpacking(bento, archive, tmp_path):
    bento("unpack", archive, "--trust", "--store", tmp_path / "elsewhere")
    assert bento("run", "shop:1", "price", "--input", '"tea"', "--store", tmp_path / "elsewhere").stdout == "3\n"


def test_an_archive_that_is_not_there_is_wrong_usage(bento):
    assert "File 'nowhere.bento' does not exist" in bento("unpack", "nowhere.bento", code=2).stderr


def test_an_archive_is_not_served_before_it_is_unpacked(bento, archive):
    assert bento("show", archive, code=1).stderr == (
        f"Error: '{archive}' is an archive: take it into the store first, with `bento unpack {archive}`\n"
    )


def test_a_bar_is_shown_in_a_terminal_only(home, bento_process):
    bento = str(BENTO)
    script = f"import pty, sys; sys.exit(pty.spawn([{bento!r}, 'verify', 'shop:1']))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert "verifying shop:1  [####################################]  100%" in shown
    assert bento_process("verify", "shop:1").stderr == ""


def test_unpacking_into_another_store_prints_the_command_that_trusts_the_bundle_there(bento, archive, tmp_path):
    done = bento("unpack", archive, "--store", tmp_path / "else where")
    again = f"bento unpack {archive} --store '{tmp_path}/else where' --trust"
    assert done.stderr == f"its code may not run here yet: '{again}' allows it, once you know who made it\n"


def test_a_url_is_not_unpacked(bento):
    assert bento("unpack", "https://ann:secret@models.example.org/iris.bento", code=2).stderr.endswith(
        "'https://ann:***@models.example.org/iris.bento' is a URL, which takes the place of a tag: bento run URL; or download it first\n"
    )
