"""Plugins as third parties publish them: built, installed and found; one that fails does not affect the others."""

from __future__ import annotations

import json

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "bento-{name}"
version = "1.2.3"

[project.entry-points.bento]
{name} = "bento_{name}"
"""

GOOD = '''
import bento


class PickledArtifact(bento.Artifact[dict]):
    """A dict as one line of text."""

    name = "{name}"
    framework = {framework!r}

    def save(self, model, folder):
        (folder / "dict.txt").write_text(repr(model))

    def load(self, folder):
        return eval((folder / "dict.txt").read_text())

    def accepts(self, model):
        return isinstance(model, dict)

    def requirements(self):
        return ["nowhere-framework"]


@bento.hookimpl
def bento_{hook}():
    return [PickledArtifact]
'''

COMMAND = """

@bento.hookimpl
def bento_register_commands():
    import click

    @click.command()
    def greet():
        "Say hello."
        click.echo("hello from a plugin")

    return [greet]
"""

TAKEN = (
    "PluginError: bento-taken 1.2.3 and bento-core {version} both bring the artifact 'json': "
    "remove one of them, or leave one out with BENTO_DISABLE_PLUGINS=taken"
)

MODULES = {
    "good": GOOD.format(name="good", framework=None, hook="register_artifacts") + COMMAND,
    "raises": "raise RuntimeError('this plugin is broken')",
    "misspelt": GOOD.format(name="misspelt", framework=None, hook="register_artefacts"),
    "taken": GOOD.format(name="json", framework=None, hook="register_artifacts"),
    "lost": GOOD.format(name="lost", framework="nowhere", hook="register_artifacts"),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory, build, make_environment, wheel):
    built = [wheel("core")]
    for name, module in MODULES.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name))
        package = folder / "src" / f"bento_{name}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(module)
        built += build(folder)
    return make_environment(built)


@pytest.fixture(scope="module")
def records(environment):
    return {record["name"]: record for record in json.loads(environment.run("bento", "plugins", "--json").stdout)}


def test_every_installed_plugin_is_found(records):
    assert set(records) == {"core", *MODULES}


def test_a_good_plugin_works_beside_broken_ones(records, environment):
    assert records["good"] == {
        "name": "good",
        "distribution": "bento-good",
        "version": "1.2.3",
        "module": "bento_good",
        "artifacts": ["good"],
        "adapters": [],
        "packers": [],
        "hooks": ["bento_register_commands"],
        "error": None,
        "lacks": [],
    }
    assert records["core"]["error"] is None
    assert environment.run("bento", "greet").stdout == "hello from a plugin\n"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("raises", "RuntimeError: this plugin is broken"),
        ("misspelt", "PluginError: bento_misspelt.bento_register_artefacts is not a hook of bento: did you mean bento_register_artifacts?"),
        ("taken", TAKEN),
    ],
)
def test_a_plugin_that_fails_says_why(records, name, error):
    assert records[name]["error"] == error.format(version=records["core"]["version"])
    assert records[name]["artifacts"] == []


def test_a_plugin_whose_framework_is_missing_says_what_to_install(records):
    assert records["lost"]["error"] is None
    assert records["lost"]["lacks"] == ["artifact 'lost' needs 'nowhere', which is not installed: pip install nowhere-framework"]


def test_a_list_of_plugins_shows_what_failed_and_why(environment):
    shown = environment.run("bento", "plugins")
    assert "raises: failed to load: RuntimeError: this plugin is broken\n" in shown.stdout
    assert "lost: artifact 'lost' needs 'nowhere', which is not installed: pip install nowhere-framework\n" in shown.stdout
    assert shown.stderr == ""


def test_one_plugin_can_be_shown(environment):
    shown = environment.run("bento", "plugins", "raises").stdout.splitlines()
    assert shown[1:] == [
        "distribution  bento-raises 1.2.3",
        "module        bento_raises",
        "faults        failed to load: RuntimeError: this plugin is broken",
    ]


def test_the_hooks_that_register_no_classes_are_listed(environment):
    assert "artifacts: good; hooks: bento_register_commands\n" in environment.run("bento", "plugins").stdout
    assert environment.run("bento", "plugins", "good").stdout.endswith("artifacts     good\nhooks         bento_register_commands\n")


def test_checking_all_plugins_fails_if_one_of_them_failed_to_load(environment):
    environment.run("bento", "plugins", "--check", code=1)
    environment.run("bento", "plugins", "--check", BENTO_DISABLE_PLUGINS="raises,misspelt,taken,lost")


def test_plugins_can_be_left_out(environment):
    listed = environment.run("bento", "plugins", "--json", BENTO_DISABLE_PLUGINS="*")
    assert [record["name"] for record in json.loads(listed.stdout)] == ["core"]


def test_the_lookup_that_a_broken_plugin_explains_repeats_its_error(environment):
    code = "from bento.registry import installed; installed().artifact('raises')"
    shown = environment.run("python", "-c", code, code=1).stderr
    assert "bento.errors.PluginError: no artifact named 'raises'\n  installed: " in shown
    assert "\n  bento-raises 1.2.3 failed to load: RuntimeError: this plugin is broken\n" in shown


def test_printing_the_version_loads_no_plugin(environment):
    assert environment.run("bento", "--version").stderr == ""
