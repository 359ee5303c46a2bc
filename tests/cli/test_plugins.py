"""`bento plugins`, and the commands that plugins bring. Distributions that fail are tested in tests/installed."""

from __future__ import annotations

import json
import re

import pytest

from bento import checks
from bento.registry import installed
from bento.testing import run_checks

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
    """Make a plugin look installed to Python: its module and its metadata in a folder on the path."""

    def install(name: str, module: str, checks: str | None = None) -> None:
        metadata = tmp_path / "installed" / f"bento_{name}-2.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bento-{name}\nVersion: 2.0\n")
        (metadata / "entry_points.txt").write_text(f"[bento]\n{name} = bento_{name}\n")
        if checks is None:
            (tmp_path / "installed" / f"bento_{name}.py").write_text(module)
        else:
            (tmp_path / "installed" / f"bento_{name}").mkdir()
            (tmp_path / "installed" / f"bento_{name}" / "__init__.py").write_text(module)
            (tmp_path / "installed" / f"bento_{name}" / "checks.py").write_text(checks)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))

    return install


@pytest.fixture
def broken(install):
    install("broken", "raise RuntimeError('out of order')\n")


def test_a_plugin_that_failed_is_listed_with_its_reason(broken, bento_process):
    done = bento_process("plugins")
    assert (done.returncode, done.stderr) == (0, "")
    assert ["broken", "bento-broken", "2.0", "nothing: it failed to load"] in [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert done.stdout.endswith("\nbroken: failed to load: RuntimeError: out of order\n")


def test_checking_all_plugins_fails_if_one_of_them_failed_to_load(broken, bento_process):
    assert bento_process("plugins", "--check").returncode == 1


def test_one_plugin_is_shown_with_what_failed(broken, bento_process):
    assert bento_process("plugins", "broken").stdout == (
        "name          broken\n"
        "distribution  bento-broken 2.0\n"
        "module        bento_broken\n"
        "faults        failed to load: RuntimeError: out of order\n"
    )


def test_a_failed_plugin_is_reported_once_by_any_command_that_needs_plugins(broken, bento_process):
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


def test_an_unknown_plugin_is_refused_with_those_that_are_installed(bento):
    names = sorted(plugin.name for plugin in installed().plugins)
    assert bento("plugins", "torchy", code=1).stderr == f"Error: no plugin named 'torchy': installed are {', '.join(names)}\n"


def test_an_unknown_plugin_has_another_exit_status_than_failing_tests(bento):
    assert bento("plugins", "torchy", "--check", code=2).stderr.startswith("Error: no plugin named 'torchy': ")


def test_a_plugins_command_stands_beside_bentos_own(install, bento_process):
    install("wave", COMMANDS)
    assert bento_process("wave").stdout == "o/\n"
    assert "  wave     Wave.\n" in bento_process("--help").stdout


def test_an_object_that_is_not_a_command_is_reported_and_left_out(install, bento_process):
    install("wave", COMMANDS)
    done = bento_process("wave")
    assert (done.returncode, done.stdout) == (0, "o/\n")
    assert "a plugin brings 'no command' as a command: expected a click.Command with a name\n" in done.stderr


SHOUTING = """
import bento


class ShoutAdapter(bento.Adapter[str]):
    name = "shout"
    media_types = ("text/plain",)

    def decode(self, payload):
        return payload.text(){fault}

    def encode(self, value, media_type):
        if type(value) is not str:
            raise TypeError("expected a text")
        return value.encode()

    def schema(self):
        return {{"type": "string", "examples": ["TEA"]}}


class LoudArtifact(bento.Artifact[str]):
    name = "loud"
    save = load = accepts = None


class MeasuredPacker(bento.Packer):
    name = "measured"
    summary = "needs to be told a size"

    def __init__(self, size):
        self.size = size

    def pack(self, bundle, out):
        return out


@bento.hookimpl
def bento_register_adapters():
    return [ShoutAdapter]


@bento.hookimpl
def bento_register_artifacts():
    return [LoudArtifact]


@bento.hookimpl
def bento_register_packers():
    return [MeasuredPacker]
"""

CHECKS = """
from bento.testing import AdapterTests, leave_out
from bento_shout import ShoutAdapter


class TestShouting(AdapterTests):
    adapter = ShoutAdapter()
    max_examples = 5
    test_a_hostile_body_takes_no_time = leave_out(reason="takes too long for a test of ours")

    def values(self):
        return ["TEA", "COFFEE"]


class NotATest(AdapterTests):
    pass
"""


LOST = """
import bento
from bento.artifacts import JsonArtifact


class LostArtifact(JsonArtifact):
    name = "lost"
    framework = "nowhere"

    def requirements(self):
        return ["nowhere-framework"]


@bento.hookimpl
def bento_register_artifacts():
    return [LostArtifact]
"""


def test_a_plugin_is_tested_with_the_test_classes_that_it_brings(install, bento_process):
    install("shout", SHOUTING.format(fault=""), CHECKS)
    done = bento_process("plugins", "shout", "--check")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [re.sub(r"\d+\.\d\d s", "... s", line) for line in done.stdout.splitlines()]
    assert lines[0] == "Shouting"
    assert "  ok          ... s  what is encoded decodes to the same" in lines
    assert "  left out    ... s  a hostile body takes no time: takes too long for a test of ours" in lines
    assert lines[-6:] == [
        "LoudArtifact",
        "  left out    ... s  everything: there is no model to test it with; a test class for it in bento_shout.checks is found",
        "MeasuredPacker",
        "  left out    ... s  everything: MeasuredPacker() takes arguments; a test class for it in bento_shout.checks is found",
        "",
        f"{len(lines) - 8} ok, 3 left out",
    ]


def test_a_failure_ends_the_test_of_a_plugin_with_advice(install, bento_process):
    install("shout", SHOUTING.format(fault=".upper() + '!'"), CHECKS)
    done = bento_process("plugins", "shout", "--check")
    assert done.returncode == 1
    assert re.search(r"^  failed  +\d+\.\d\d s  what is encoded decodes to the same$", done.stdout, re.MULTILINE)
    assert (
        "\nTestShouting.test_what_is_encoded_decodes_to_the_same\n  decoding what was encoded as text/plain gives 'TEA!' instead of 'TEA': "
        "mend it, or define same() if the loss is intended\n"
    ) in done.stdout
    assert re.fullmatch(r"\d+ ok, \d failed, 3 left out", done.stdout.splitlines()[-1])


def test_an_adapter_without_a_test_class_is_tested_with_its_examples(install, bento_process):
    install("shout", SHOUTING.format(fault=""))
    record = json.loads(bento_process("plugins", "shout", "--check", "--json").stdout)
    assert record["name"] == "shout"
    assert {check["result"] for check in record["checks"] if check["tests"] == "TestShoutAdapter"} == {"ok"}
    (row,) = (check for check in record["checks"] if check["name"] == "test_an_unknown_charset_is_bad_input")
    assert row.keys() == {"tests", "name", "result", "reason", "seconds"}


def test_a_plugin_that_did_not_load_cannot_be_tested(broken, bento_process):
    done = bento_process("plugins", "broken", "--check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: plugin 'broken' cannot be tested: it failed to load: RuntimeError: out of order\n"


def test_a_plugin_whose_framework_is_missing_cannot_be_tested(install, bento_process):
    install("lost", LOST)
    done = bento_process("plugins", "lost", "--check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: plugin 'lost' cannot be tested: artifact 'lost' needs 'nowhere', which is not installed: pip install nowhere-framework\n"
    )


def test_without_the_extra_of_the_kit_the_error_says_what_to_install(bento_process, tmp_path, monkeypatch):
    (tmp_path / "hypothesis.py").write_text("raise ModuleNotFoundError('No module named hypothesis', name='hypothesis')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = bento_process("plugins", "core", "--check")
    assert (done.returncode, done.stderr) == (
        2,
        "Error: testing a plugin needs 'hypothesis', which is not installed: pip install 'bento-core[testing]'\n",
    )


def test_everything_that_bento_brings_has_a_test_class():
    """The test classes themselves are run by other tests."""
    (core,) = (plugin for plugin in installed().plugins if plugin.name == "core")
    tested = {name.removeprefix("Test") for name in vars(checks) if name.startswith("Test")}
    assert tested == {kind.__name__ for kind in (*core.artifacts, *core.adapters, *core.packers)}


@pytest.mark.parametrize("tests", [value for name, value in vars(checks).items() if name.startswith("Test")])
def test_the_test_classes_of_bento_bring_a_model_or_values(tests):
    kept = {"test_a_saved_model_answers_as_before", "test_what_is_encoded_decodes_to_the_same", "test_packing_returns_what_it_wrote"}
    assert [done.result for done in run_checks(tests, kept & set(dir(tests)))] == ["ok"]
