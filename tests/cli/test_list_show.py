"""`bento list` and `bento show`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bento import Store


@pytest.fixture
def bundle(home):
    return Store(home).get("shop:2")


def test_the_store_is_listed_newest_first(bento):
    lines = bento("list").stdout.splitlines()
    assert lines[0].split() == ["TAG", "CREATED", "SIZE", "APIS", "LABELS"]
    assert sorted(line.split()[0] for line in lines[1:]) == ["shop:1", "shop:2"]
    assert all("  price shout double echo count crash" in line for line in lines[1:])
    assert [line.endswith("  team=kitchen") for line in sorted(lines[1:])] == [False, True]


def test_a_list_imports_nothing_that_makes_loads_or_serves_bundles(bento, home):
    bento("list")
    code = """
import sys
from bento.cli import main
try:
    main(["list"])
except SystemExit:
    print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {".".join(name.split(".")[:2]) for name in done.stdout.split()}
    assert "shop:2" in done.stdout
    assert {
        "asyncio",
        "bento.bundle",
        "bento.registry",
        "bento.serving",
        "fsspec",
        "msgpack",
        "numpy",
        "packaging",
        "rich",
        "starlette",
    } & loaded == set()


def test_the_store_is_listed_for_programs(bento, bundle):
    records = {record["tag"]: record for record in json.loads(bento("list", "--json").stdout)}
    assert set(records) == {"shop:1", "shop:2"}
    assert records["shop:2"]["labels"] == {"team": "kitchen"}
    assert records["shop:2"]["digest"] == bundle.digest
    assert records["shop:2"]["path"] == str(bundle.path)


def test_one_name_can_be_listed(bento):
    assert bento("list", "shop").stdout.count("shop:") == 2
    assert json.loads(bento("list", "stall", "--json").stdout) == []
    assert bento("list", "stall").stderr == "no bundles called 'stall': save one with bento.save(service)\n"


def test_bundles_with_a_label_can_be_listed(bento):
    lines = bento("list", "shop", "--label", "team=kitchen").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["TAG", "shop:2"]
    assert bento("list", "--label", "team=kitchen", "--label", "stage=live").stderr == "no bundles with these labels\n"
    assert bento("list", "shop", "--label", "team=x").stderr == "no bundles with these labels called 'shop'\n"


@pytest.mark.parametrize("label", ["team", "=kitchen"])
def test_a_label_is_a_name_and_a_value(bento, label):
    assert bento("list", "--label", label, code=2).stderr.endswith(
        f"Error: Invalid value for '--label': {label!r} is not a label: write --label NAME=VALUE\n"
    )


def test_a_label_is_given_once(bento):
    assert bento("list", "--label", "team=kitchen", "--label", "team=bar", code=2).stderr.endswith(
        "Error: label 'team' is given twice, as 'kitchen' and 'bar': leave one out\n"
    )


def test_a_pattern_lists_all_names_that_fit(bento):
    assert bento("list", "s*p").stdout.count("shop:") == 2
    assert bento("list", "s?p").stderr == "no bundles called 's?p': save one with bento.save(service)\n"


def test_a_list_is_sorted_turned_round_and_cut(bento, home, make_bundle):
    for name, size in (("apple", 9_000_000), ("zebra", 1)):
        make_bundle(home / "bundles" / name / "1", {"README.md": b"x" * size}, name=name, version="1", created="2001-01-01T00:00:00Z")

    def names(*options):
        return [line.split(":")[0] for line in bento("list", *options).stdout.splitlines()[1:]]

    assert names() == ["shop", "shop", "zebra", "apple"]
    assert names("--sort", "name") == ["apple", "shop", "shop", "zebra"]
    assert names("--sort", "size", "--limit", "1") == ["apple"]
    assert names("--sort", "size", "--reverse", "--limit", "1") == ["zebra"]
    assert [record["name"] for record in json.loads(bento("list", "--limit", "3", "--reverse", "--json").stdout)] == [
        "apple",
        "zebra",
        "shop",
    ]


def test_a_store_with_only_bundles_for_a_newer_bento_is_not_called_empty(bento, home, caplog):
    for version in "12":
        manifest = home / "bundles/shop" / version / "bento.json"
        content = {**json.loads(manifest.read_text()), "format": 9}
        manifest.unlink()
        manifest.write_text(json.dumps(content))
    assert bento("list").stderr == "no whole bundles\n"
    assert all(": expected format 1 or older, which bento-core " in message for message in caplog.messages)
    assert len(caplog.messages) == 2


def test_an_empty_store_says_how_to_fill_it(bento, tmp_path):
    done = bento("list", "--store", tmp_path / "empty")
    assert (done.stdout, done.stderr) == ("", "no bundles yet: save one with bento.save(service)\n")
    assert json.loads(bento("list", "--store", tmp_path / "empty", "--json").stdout) == []


def test_another_store_can_be_named(bento, home, monkeypatch, tmp_path):
    monkeypatch.setenv("BENTO_HOME", str(tmp_path / "empty"))
    assert "shop:1" in bento("list", "--store", home).stdout


def test_a_bundle_is_shown_with_its_facts(bento, bundle):
    shown = bento("show", "shop:2").stdout
    for fact in (
        "tag         shop:2\n",
        "about       Tell what things cost.\n",
        "service     shop:Shop\n",
        "apis        POST /price: json -> json, within 60 s\n            POST /shout: text -> text, within 5 s\n",
        "POST /double: array -> array, in batches of up to 16 rows, within 60 s\n",
        "POST /crash: json -> whatever is returned, within 60 s\n",
        "labels      team=kitchen\n",
        f"created     {bundle.manifest.created}\n",
        f"in {len(bundle.manifest.files)} files\n",
        f"digest      sha256:{bundle.digest}\n",
        f"path        {bundle.path}\n",
        "requires    bento-core==",
    ):
        assert fact in shown
    assert "prices: dict as 'json' of bento-core" in shown
    assert '{"currency": "EUR"}' in shown


def test_the_environment_that_a_bundle_requires_is_shown(bento, home, make_bundle):
    env = {"apt": ["libgomp1"], "base_image": "python:3.12-slim", "conda": None, "python_version": "3.12", "setup": "src/setup.sh"}
    make_bundle(home / "bundles/iris/3", {"src/setup.sh": b"echo\n"}, env=env)
    shown = bento("show", "iris:3").stdout
    assert "python      3.11.7 on linux-x86_64, loaded by 3.12 only\n" in shown
    assert "apt         libgomp1\nsetup       src/setup.sh, which an image runs as root\nbase image  python:3.12-slim\n" in shown


def test_a_bundle_is_shown_for_programs(bento, bundle):
    record = json.loads(bento("show", "shop:2", "--json").stdout)
    assert record == {
        "tag": "shop:2",
        "path": str(bundle.path),
        "size": bundle.size,
        "fingerprint": bundle.fingerprint,
        "digest": bundle.digest,
        **json.loads((bundle.path / "bento.json").read_text()),
    }


def test_a_folder_is_shown_as_a_tag_is(bento, bundle):
    assert bento("show", bundle.path).stdout == bento("show", "shop:2").stdout


def test_an_invalid_tag_is_refused_with_the_reason(bento):
    assert bento("show", "Shop Nr 1", code=1).stderr.startswith("Error: 'Shop Nr 1' is not a bundle name: use 1 to 64 of a-z")


def test_a_tag_is_listed_as_a_name_is(bento):
    for tag, found in (("shop:1", "shop:1"), ("shop:latest", "shop:2")):
        assert bento("list", tag).stdout.splitlines()[1].split()[0] == found
    assert bento("list", "shop:9").stderr == "no bundle shop:9: 'bento list shop' shows which there are\n"


def test_a_label_without_its_option_is_refused_with_the_option(bento):
    assert bento("list", "team=kitchen", code=2).stderr.endswith("Error: 'team=kitchen' is a label: write --label team=kitchen\n")
