"""With `--json`, a command prints one document about what it has done on standard output, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import takewhile
from pathlib import Path

import pytest

from bento import Store
from commands import BENTO

SECONDS = {"seconds"}
NAMED = {"tag", "fingerprint", "digest", "path", "files", "size"}


@pytest.fixture
def told(bento):
    """Run `bento` with `--json`, and return the document."""
    return lambda *arguments, **how: json.loads(bento(*arguments, "--json", **how).stdout)


def named(store: Path, tag: str) -> dict[str, object]:
    bundle = Store(store).get(tag)
    return {
        "tag": tag,
        "fingerprint": bundle.fingerprint,
        "digest": bundle.digest,
        "path": str(bundle.path),
        "files": len(bundle.manifest.files),
        "size": bundle.size,
    }


def without_seconds(document: dict[str, object]) -> dict[str, object]:
    assert 0 <= document.pop("seconds") < 60
    return document


def test_a_push_prints_what_was_sent_and_what_was_there(told, remote, home):
    first, again = without_seconds(told("push", "shop:1", remote)), without_seconds(told("push", "shop:1", remote))
    known, nothing = named(home, "shop:1"), {"files": 0, "size": 0}
    everything = {"files": known["files"], "size": known["size"]}
    assert again == {**known, "remote": remote, "url": f"{remote}/shop:1", "moved": nothing, "there": everything}
    assert first == {**again, "moved": first["moved"], "there": first["there"]}
    assert {name: first["moved"][name] + first["there"][name] for name in nothing} == everything
    assert first["moved"]["size"] > 0


def test_a_pull_prints_what_was_fetched_and_whether_its_code_may_run(told, remote, other):
    moved = told("push", "shop:1", remote)["moved"]
    first = without_seconds(told("pull", "shop:1", remote, "--store", other))
    assert first == {
        **named(other, "shop:1"),
        "remote": remote,
        "url": f"{remote}/shop:1",
        "trusted": False,
        "moved": moved,
        "there": first["there"],
    }
    again = told("pull", f"{remote}/shop:1", "--trust", "--store", other)
    assert (again["moved"], again["trusted"]) == ({"files": 0, "size": 0}, True)


def test_a_resumed_pull_prints_only_what_was_fetched_this_time(told, remote, other, home):
    told("push", "shop:1", remote)
    largest = max(Store(home).get("shop:1").manifest.files, key=lambda file: file.size)
    (other / "partial").mkdir(parents=True)
    (other / "partial" / largest.sha256).write_bytes((Store(home).get("shop:1").path / largest.path).read_bytes()[:-1])
    document = told("pull", "shop:1", remote, "--store", other)
    assert document["moved"]["size"] + document["there"]["size"] == document["size"]
    assert document["there"]["size"] >= largest.size - 1


def test_saving_prints_which_bundle_it_made(told, project, home, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project)
    assert without_seconds(told("save", "shop:service", "--version", "3")) == named(home, "shop:3")


def test_unpacking_prints_whether_the_code_of_the_bundle_may_run(told, other, home):
    packed = without_seconds(told("pack", "shop:1", "archive", "shop.bento"))
    assert packed == {"path": "shop.bento", "tag": "shop:1", "fingerprint": named(home, "shop:1")["fingerprint"], "packer": "archive"}
    assert without_seconds(told("unpack", "shop.bento", "--store", other)) == {**named(other, "shop:1"), "trusted": False}
    assert told("unpack", "shop.bento", "--trust", "--store", other)["trusted"]


def test_signing_and_verifying_print_by_whom_a_bundle_is_signed(told, home, tmp_path):
    made = told("sign", "--new-key", "release.key")
    assert made == {"new_key": {"key": made["new_key"]["key"], "private": "release.key", "public": "release.pub"}}
    signature = {"key": made["new_key"]["key"]}
    assert told("sign", "shop:1", "--key", "release.key") == {**named(home, "shop:1"), "signature": signature}
    assert without_seconds(told("verify", "shop:1", "--key", "release.pub")) == {
        **named(home, "shop:1"),
        "signed_by": "release.pub",
        "signatures": [{**signature, "holds": True, "file": None}],
    }
    assert without_seconds(told("verify", "shop:2")) == {**named(home, "shop:2"), "signed_by": None, "signatures": []}
    both = told("sign", "shop:2", "--new-key", "team.key")
    assert both == {"new_key": both["new_key"], **named(home, "shop:2"), "signature": {"key": both["new_key"]["key"]}}


def test_a_signature_of_another_program_is_printed_without_a_signer(told, home, tmp_path):
    told("sign", "shop:1", "--new-key", "release.key")
    file = next((home / "bundles/shop/1").glob("bento.*.sig")).rename(tmp_path / "away.sig")
    assert told("sign", "shop:1", "--signature", file) == {**named(home, "shop:1"), "signature": None}


def test_deleting_prints_which_tags_are_gone(told, home):
    assert told("delete", "shop", "--keep-last", "1", "--dry-run") == {"deleted": ["shop:1"], "dry_run": True}
    assert told("delete", "shop:1", "--yes") == {"deleted": ["shop:1"], "dry_run": False}
    assert told("delete", "shop", "--older-than", "4w") == {"deleted": [], "dry_run": False}
    assert [str(each) for each in Store(home).summaries()] == ["shop:2"]


def test_if_deleting_one_of_several_bundles_fails_those_deleted_before_are_printed(home):
    command = [BENTO, "delete", "--json", "shop:1", "shop:2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        asked = "".join(takewhile(lambda letter: letter != "?", iter(lambda: process.stderr.read(1), "")))
        Store(home).delete("shop:2")
        told, said = process.communicate("y\n")
    assert (asked, json.loads(told)) == ("delete shop:1, shop:2", {"deleted": ["shop:1"], "dry_run": False})
    assert process.returncode == 1
    assert "Error: no bundle shop:2 in the store " in said


@pytest.mark.parametrize(
    ("kind", "folder", "last"),
    [("service", "tea-shop", "bento serve tea-shop"), ("plugin", "bento-tea-shop", "bento plugins tea-shop --check")],
)
def test_a_new_project_prints_what_was_written_and_what_comes_next(told, tmp_path, monkeypatch, kind, folder, last):
    monkeypatch.chdir(tmp_path)
    made = told("new", kind, "tea-shop")
    written = sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())
    assert made == {"path": folder, "files": written, "next": made["next"]}
    assert (made["next"][0], made["next"][-1]) == (f"cd {folder}", last)


def test_pruning_prints_what_was_removed(told, remote, home):
    url = told("push", "shop:1", remote)["url"]
    told("show", url)
    used = told("cache", "list")
    assert told("cache", "prune", "--max-size", "1kB", "--dry-run") == {"removed": [], "in_use": used, "dry_run": True}
    assert told("cache", "prune", "--older-than", "4w") == {"removed": [], "in_use": [], "dry_run": False}


@pytest.mark.parametrize(
    "command",
    [
        ["push", "shop:9", "file:///nowhere"],
        ["pull", "shop:9", "file:///nowhere"],
        ["verify", "shop:9"],
        ["save", "shop"],
        ["new", "service", "tea-shop", "no/where"],
    ],
)
def test_a_command_that_fails_prints_no_document(bento, command):
    done = bento(*command, "--json", code=1)
    assert (done.stdout, done.stderr[:7]) == ("", "Error: ")


def test_standard_output_holds_nothing_but_the_document(bento_process, remote, other):
    bento_process("push", "shop:1", remote)
    done = bento_process("pull", "shop:1", remote, "--store", other, "--json")
    assert json.loads(done.stdout).keys() == NAMED | SECONDS | {"remote", "url", "trusted", "moved", "there"}
    assert re.fullmatch(r"its code may not run here yet: .*\n", done.stderr)
