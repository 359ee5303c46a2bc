"""`bento plugins`; what it says of plugins that fail is tested where they are installed."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """An installed plugin that fails to load: to Python, a module and its metadata in a folder on the path."""
    metadata = tmp_path / "broken" / "bento_broken-2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bento-broken\nVersion: 2.0\n")
    (metadata / "entry_points.txt").write_text("[bento]\nbroken = bento_broken\n")
    (tmp_path / "broken" / "bento_broken.py").write_text("raise RuntimeError('out of order')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))


def test_a_plugin_that_failed_is_listed_with_its_reason(broken, bento_process):
    done = bento_process("plugins")
    assert (done.returncode, done.stderr) == (0, "")
    assert "broken   bento-broken 2.0     nothing: it failed to load\n" in done.stdout
    assert done.stdout.endswith("\nbroken: failed to load: RuntimeError: out of order\n")


def test_a_check_of_the_plugins_fails_while_one_of_them_does(broken, bento_process):
    assert bento_process("plugins", "--check").returncode == 1
    assert bento_process("plugins", "core", "--check").returncode == 0


def test_one_plugin_is_shown_with_what_failed(broken, bento_process):
    assert bento_process("plugins", "broken").stdout == (
        "name          broken\n"
        "distribution  bento-broken 2.0\n"
        "module        bento_broken\n"
        "faults        failed to load: RuntimeError: out of order\n"
    )


def test_what_failed_is_said_once_by_any_command_that_needs_plugins(broken, bento_process):
    done = bento_process("run", "shop:1", "price", "--input", '"tea"')
    assert (done.stdout, done.stderr) == ("3\n", "plugin bento-broken 2.0 failed to load: RuntimeError: out of order\n")


def test_core_is_a_plugin_of_itself(bento):
    lines = bento("plugins").stdout.splitlines()
    assert lines[0].split() == ["NAME", "DISTRIBUTION", "BRINGS"]
    assert lines[1].startswith("core ")


def test_one_plugin_is_shown_for_programs(bento):
    record = json.loads(bento("plugins", "core", "--json").stdout)
    assert {key: record[key] for key in ("name", "distribution", "module", "error", "lacks")} == {
        "name": "core",
        "distribution": "bento-core",
        "module": "bento.builtins",
        "error": None,
        "lacks": [],
    }
    assert {"array", "file", "json", "pickle", "text"} <= set(record["artifacts"])


def test_a_plugin_that_is_not_there_is_answered_with_those_that_are(bento):
    assert bento("plugins", "torchy", code=1).stderr.startswith("Error: no plugin named 'torchy': installed are core")
