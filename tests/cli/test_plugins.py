"""`bento plugins`, and the commands that plugins bring. Distributions that fail are tested in tests/installed."""

from __future__ import annotations

import json

import pytest

COMMANDS = """
import bento
import click


@click.command()
def wave():
    "Wave."
    click.echo("o/")


@bento.hookimpl
def bento_register_commands():
    return [wave, "no command"]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """What makes a plugin installed, to Python: its module and its metadata in a folder on the path."""

    def install(name: str, module: str) -> None:
        metadata = tmp_path / "installed" / f"bento_{name}-2.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bento-{name}\nVersion: 2.0\n")
        (metadata / "entry_points.txt").write_text(f"[bento]\n{name} = bento_{name}\n")
        (tmp_path / "installed" / f"bento_{name}.py").write_text(module)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))

    return install


@pytest.fixture
def broken(install):
    install("broken", "raise RuntimeError('out of order')\n")


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


def test_a_plugins_command_stands_beside_bentos_own(install, bento_process):
    install("wave", COMMANDS)
    assert bento_process("wave").stdout == "o/\n"
    assert "  wave     Wave.\n" in bento_process("--help").stdout


def test_what_is_no_command_is_said_and_left_out(install, bento_process):
    install("wave", COMMANDS)
    done = bento_process("wave")
    assert (done.returncode, done.stdout) == (0, "o/\n")
    assert "a plugin brings 'no command' as a command: expected a click.Command with a name\n" in done.stderr
