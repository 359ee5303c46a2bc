"""The registry: plugins are found one by one, and one that fails is kept as a value."""

from __future__ import annotations

import logging
import subprocess
import sys
from types import ModuleType

import pytest
from importlib_metadata import EntryPoint, PathDistribution, entry_points

import bento
from bento import DefinitionError, PluginError
from bento.registry import Registry


class LinesArtifact(bento.Artifact[list]):
    name = "lines"

    def save(self, model, folder):
        (folder / "lines").write_text("\n".join(model))

    def load(self, folder):
        return (folder / "lines").read_text().split("\n")

    def accepts(self, model):
        return isinstance(model, list)

    def requirements(self):
        return ["lines-framework"]


class ComplexAdapter(bento.Adapter[complex]):
    name = "complex"
    media_types = ("text/plain",)

    def decode(self, payload):
        return complex(payload.text())

    def encode(self, value, media_type):
        return str(value).encode()

    @classmethod
    def for_annotation(cls, annotation):
        return cls() if annotation is complex else None

    @classmethod
    def for_value(cls, value):
        return cls() if isinstance(value, complex) else None


class FolderPacker(bento.Packer):
    name = "folder"
    summary = "a folder"

    def pack(self, bundle, out):
        return out


def hook(name: str, result):
    def implementation():
        return result

    implementation.__name__ = name
    return bento.hookimpl(implementation)


@pytest.fixture
def plugin(monkeypatch):
    """Make an importable module with these members, and the entry point that names it."""

    def make(name: str, **members: object) -> EntryPoint:
        module = ModuleType(f"plugin_{name}")
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EntryPoint(name, module.__name__, "bento")

    return make


def error_of(entry_point: EntryPoint) -> str:
    (record,) = Registry.discover([entry_point]).plugins
    assert record.error is not None
    return record.error


def test_everything_a_plugin_brings_is_found_by_name(plugin):
    registry = Registry.discover(
        [
            plugin(
                "all",
                bento_register_artifacts=hook("bento_register_artifacts", [LinesArtifact]),
                bento_register_adapters=hook("bento_register_adapters", [ComplexAdapter]),
                bento_register_packers=hook("bento_register_packers", [FolderPacker]),
            )
        ]
    )
    assert registry.artifact("lines") is LinesArtifact
    assert registry.adapter("complex") is ComplexAdapter
    assert registry.packer("folder") is FolderPacker
    assert registry.owner(FolderPacker) is registry.plugins[0]
    assert registry.owner(bento.Packer) is None


def test_a_plugin_that_fails_is_kept_with_its_error_and_leaves_the_others_working(plugin, caplog):
    good = plugin("good", bento_register_packers=hook("bento_register_packers", [FolderPacker]))
    broken = EntryPoint("broken", "no_such_module_anywhere", "bento")
    registry = Registry.discover([broken, good])
    assert [record.error for record in registry.plugins if record.name == "good"] == [None]
    assert registry.packer("folder") is FolderPacker
    message = "plugin no_such_module_anywhere ? failed to load: ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    assert [record.getMessage() for record in caplog.records] == [message]


def test_a_plugin_that_exits_on_import_is_kept_with_its_error(tmp_path, monkeypatch):
    (tmp_path / "plugin_that_exits.py").write_text("raise SystemExit('no licence')")
    monkeypatch.syspath_prepend(tmp_path)
    assert error_of(EntryPoint("exits", "plugin_that_exits", "bento")) == "SystemExit: no licence"


def test_an_interrupt_is_not_a_plugins_failure(tmp_path, monkeypatch):
    (tmp_path / "plugin_interrupted.py").write_text("raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Registry.discover([EntryPoint("interrupted", "plugin_interrupted", "bento")])


def test_a_lookup_that_fails_lists_what_there_is_and_what_failed(plugin):
    good = plugin("good", bento_register_packers=hook("bento_register_packers", [FolderPacker]))
    broken = EntryPoint("broken", "no_such_module_anywhere", "bento")
    with pytest.raises(PluginError) as refusal:
        Registry.discover([good, broken]).packer("tarball")
    assert str(refusal.value) == (
        "no packer named 'tarball'\n"
        "  installed: folder\n"
        "  no_such_module_anywhere ? failed to load: ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    )


def test_a_lookup_among_nothing_says_so():
    with pytest.raises(PluginError) as refusal:
        Registry().artifact("torch")
    assert str(refusal.value) == "no artifact named 'torch'\n  installed: none"


def test_a_misspelt_hook_is_an_error(plugin):
    misspelt = plugin("misspelt", bento_register_artefacts=hook("bento_register_artefacts", []))
    assert error_of(misspelt) == (
        "PluginError: plugin_misspelt.bento_register_artefacts is not a hook of bento: did you mean bento_register_artifacts?"
    )


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        (["numpy", "not (a requirement", "bento-core~=99.1"], f" - it is for bento-core~=99.1, and this is {bento.__version__}"),
        (["bento-core>=0.0.1", "bento-core[testing]>=99; extra == 'testing'"], ""),
    ],
)
def test_a_failed_plugin_that_is_for_another_version_of_bento_says_so(monkeypatch, tmp_path, requires, told):
    about = tmp_path / "bento_newer-2.0.dist-info"
    about.mkdir()
    asks = "".join(f"Requires-Dist: {each}\n" for each in requires)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bento-newer\nVersion: 2.0\n{asks}")
    (about / "entry_points.txt").write_text("[bento]\nnewer = bento_newer\n")
    (tmp_path / "bento_newer.py").write_text("from bento import StreamAdapter\n")
    monkeypatch.syspath_prepend(tmp_path)
    reason = error_of(next(iter(PathDistribution(about).entry_points)))
    assert reason.startswith("ImportError: cannot import name 'StreamAdapter' from 'bento'")
    assert reason.endswith(f"{bento.__file__}){told}")


def test_a_misspelt_hook_that_resembles_none_is_an_error_that_lists_all_hooks(plugin):
    assert error_of(plugin("odd", bento_zzz=hook("bento_zzz", []))) == (
        "PluginError: plugin_odd.bento_zzz is not a hook of bento: did you mean "
        "bento_register_artifacts, bento_register_adapters, bento_register_packers, bento_register_commands, "
        "bento_register_routes, bento_service_started, bento_service_stopped, bento_request_done?"
    )


def test_a_hook_without_its_mark_is_an_error(plugin):
    def bento_register_artifacts():
        return []

    assert error_of(plugin("bare", bento_register_artifacts=bento_register_artifacts)) == (
        "PluginError: plugin_bare.bento_register_artifacts is not a hook implementation: mark it with @bento.hookimpl"
    )


@bento.hookimpl(wrapper=True)
def wraps(service):
    yield


@bento.hookimpl
async def awaits(service): ...


@bento.hookimpl
async def streams(service):
    yield


@bento.hookimpl
def yields(service):
    yield


@bento.hookimpl
def misnames(servce): ...


@bento.hookimpl
def names(*, service): ...


@bento.hookimpl
def collects(**kwargs): ...


@bento.hookimpl
def defaults(service=None): ...


@pytest.mark.parametrize(
    ("implementation", "why"),
    [
        (
            wraps,
            "is a wrapper, which bento's hooks do not support: make it a plain function that returns what it registers, or does its work",
        ),
        (awaits, "is async, and hooks are not awaited: make it a plain function, and leave what takes long to a thread"),
        (streams, "is async, and hooks are not awaited: make it a plain function, and leave what takes long to a thread"),
        (yields, "yields, so none of it would run when it is called: make it a plain function"),
        (misnames, "takes 'servce', which bento_service_started does not give: take what it needs of service"),
        (names, "takes service, and hooks are called by position: take what it needs of service"),
        (collects, "takes **kwargs, and hooks are called by position: take what it needs of service"),
        (defaults, "has a default for 'service', which would be used whatever happens: leave the default out"),
    ],
)
def test_a_hook_that_could_never_run_or_get_its_arguments_is_an_error(plugin, implementation, why):
    assert error_of(plugin("deaf", bento_service_started=implementation)) == f"PluginError: plugin_deaf.bento_service_started {why}"


def test_a_hook_may_have_parameters_of_its_own_with_defaults(plugin):
    told = []

    @bento.hookimpl
    def bento_service_started(service, prefix="told of ", *, tell=told.append):
        tell(prefix + service)

    Registry.discover([plugin("own", bento_service_started=bento_service_started)]).call("bento_service_started", service="iris")
    assert told == ["told of iris"]


def test_media_types_without_their_comma_are_an_error(plugin):
    bare = type("BareAdapter", (ComplexAdapter,), {"media_types": "text/plain"})
    assert error_of(plugin("bare", bento_register_adapters=hook("bento_register_adapters", [bare]))) == (
        "PluginError: BareAdapter.media_types is a text: expected a tuple, as in ('text/plain',)"
    )


def test_a_hook_that_exits_ends_nothing(plugin, caplog):
    @bento.hookimpl
    def bento_service_started():
        sys.exit("no database")

    Registry.discover([plugin("exits", bento_service_started=bento_service_started)]).call("bento_service_started", service="iris")
    assert caplog.messages == ["plugin exits failed in bento_service_started"]
    assert "SystemExit: no database" in caplog.text


def test_a_hook_that_returns_instances_is_an_error(plugin):
    wrong = plugin("wrong", bento_register_packers=hook("bento_register_packers", [3]))
    assert error_of(wrong) == "PluginError: bento_register_packers returned 3: expected subclasses of bento.Packer"


def test_a_hook_that_returns_nothing_at_all_is_an_error(plugin):
    for result in (None, 3, LinesArtifact):
        wrong = plugin("wrong", bento_register_artifacts=hook("bento_register_artifacts", result))
        assert (
            error_of(wrong) == f"PluginError: bento_register_artifacts returned {result!r}: expected a list of subclasses of bento.Artifact"
        )


def test_an_incomplete_class_is_an_error_that_says_what_it_lacks(plugin):
    class HalfAdapter(bento.Adapter[int]):
        def decode(self, payload):
            return 1

    half = plugin("half", bento_register_adapters=hook("bento_register_adapters", [HalfAdapter]))
    assert error_of(half) == "PluginError: HalfAdapter is not complete: it lacks encode, name, media_types"


@pytest.mark.parametrize("name", ["Folder", "a b", "", "../a", None])
def test_a_name_that_a_manifest_cannot_hold_is_an_error(plugin, name):
    odd = type("OddPacker", (FolderPacker,), {"name": name})
    assert error_of(plugin("odd", bento_register_packers=hook("bento_register_packers", [odd]))) == (
        f"PluginError: OddPacker has the name {name!r}: expected lower-case letters, digits, '-' and '_'"
    )


def test_of_two_plugins_with_one_name_the_later_fails(plugin):
    first = plugin("first", bento_register_packers=hook("bento_register_packers", [FolderPacker]))
    second = plugin("second", bento_register_packers=hook("bento_register_packers", [type("FolderPacker", (FolderPacker,), {})]))
    registry = Registry.discover([second, first])
    assert registry.packer("folder") is FolderPacker
    assert registry.plugins[1].error == (
        "PluginError: plugin_second ? and plugin_first ? both bring the packer 'folder': "
        "remove one of them, or leave one out with BENTO_DISABLE_PLUGINS=second"
    )


def test_a_second_plugin_of_the_same_name_is_an_error(plugin):
    registry = Registry.discover([plugin("same"), EntryPoint("same", plugin("other").value, "bento")])
    assert registry.plugins[0].error is None
    assert registry.plugins[1].error == ("PluginError: plugin_other ? and plugin_same ? both call themselves 'same': remove one of them")


def test_no_other_plugin_can_take_the_name_of_bentos_own(plugin):
    own = EntryPoint("core", "bento.builtins", "bento")
    registry = Registry.discover([plugin("core"), own])
    assert [record.module for record in registry.plugins if not record.error] == ["bento.builtins"]


def test_plugins_can_be_left_out(plugin):
    own = EntryPoint("core", "bento.builtins", "bento")
    entry_points = [plugin("one"), plugin("two"), own]
    assert [record.name for record in Registry.discover(entry_points, ["one"]).plugins] == ["core", "two"]
    assert [record.name for record in Registry.discover(entry_points, ["*"]).plugins] == ["core"]


def test_the_process_reads_which_plugins_to_leave_out_from_its_environment(monkeypatch):
    from bento.registry import installed

    monkeypatch.setenv("BENTO_DISABLE_PLUGINS", "torch, *")
    assert [record.name for record in installed.__wrapped__().plugins] == ["core"]


def test_an_artifact_whose_framework_is_missing_says_what_to_install(plugin):
    lost = type("LostArtifact", (LinesArtifact,), {"framework": "lines_framework.io"})
    (record,) = Registry.discover([plugin("lost", bento_register_artifacts=hook("bento_register_artifacts", [lost]))]).plugins
    assert record.error is None
    assert record.lacks() == ["artifact 'lines' needs 'lines_framework.io', which is not installed: pip install lines-framework"]


def test_an_artifact_that_fails_to_say_what_to_install_is_still_named(plugin, caplog):
    def requirements(self):
        raise RuntimeError("no idea")

    lost = type("LostArtifact", (LinesArtifact,), {"framework": "lines_framework", "requirements": requirements})
    (record,) = Registry.discover([plugin("lost", bento_register_artifacts=hook("bento_register_artifacts", [lost]))]).plugins
    assert record.lacks() == ["artifact 'lines' needs 'lines_framework', which is not installed: install it"]
    assert "no idea" in caplog.text


def test_an_artifact_that_is_made_with_arguments_only_is_not_asked_what_to_install(plugin, caplog):
    def make(self, build):
        self.build = build

    lost = type("LostArtifact", (LinesArtifact,), {"framework": "lines_framework", "__init__": make})
    (record,) = Registry.discover([plugin("lost", bento_register_artifacts=hook("bento_register_artifacts", [lost]))]).plugins
    assert record.lacks() == ["artifact 'lines' needs 'lines_framework', which is not installed: install it"]
    assert caplog.text == ""


def test_an_artifact_whose_framework_is_there_lacks_nothing(plugin):
    found = type("FoundArtifact", (LinesArtifact,), {"framework": "json.decoder"})
    (record,) = Registry.discover([plugin("found", bento_register_artifacts=hook("bento_register_artifacts", [found]))]).plugins
    assert record.lacks() == []


def test_an_event_reaches_every_plugin_with_the_arguments_it_takes(plugin, caplog):
    seen = []

    @bento.hookimpl
    def bento_service_started(service):
        seen.append(service)

    @bento.hookimpl(specname="bento_service_started")
    def bento_loud():
        raise RuntimeError("loud")

    registry = Registry.discover([plugin("a", bento_loud=bento_loud), plugin("b", bento_service_started=bento_service_started)])
    registry.call("bento_service_started", service="the service")
    assert seen == ["the service"]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "plugin a failed in bento_service_started")
    ]


def test_the_registry_knows_whether_a_plugin_listens_for_an_event(plugin):
    assert not Registry.discover([plugin("deaf")]).listens("bento_request_done")
    listener = plugin("listener", bento_request_done=hook("bento_request_done", None))
    assert Registry.discover([listener]).listens("bento_request_done")


def test_a_plugin_that_fails_while_giving_commands_or_routes_leaves_those_of_others(plugin):
    @bento.hookimpl
    def bento_register_commands():
        yield "first"
        raise RuntimeError("half way")

    registry = Registry.discover(
        [
            plugin("half", bento_register_commands=bento_register_commands),
            plugin(
                "whole",
                bento_register_commands=hook("bento_register_commands", ["second"]),
                bento_register_routes=hook("bento_register_routes", ["route"]),
            ),
        ]
    )
    assert registry.commands() == ["second"]
    assert registry.routes(bento.Service()) == ["route"]


class Asks(bento.Service):
    @bento.api
    def hinted(self, value: complex) -> complex:
        return value

    @bento.api(input=ComplexAdapter(), output=ComplexAdapter())
    def told(self, value):
        return value


def test_type_hints_choose_adapters_unless_the_api_names_them(plugin):
    registry = Registry.discover([plugin("it", bento_register_adapters=hook("bento_register_adapters", [ComplexAdapter]))])
    taken, returned = registry.adapters_of(Asks.apis["hinted"])
    assert (type(taken), type(returned)) == (ComplexAdapter, ComplexAdapter)
    assert registry.adapters_of(Asks.apis["told"]) == (Asks.apis["told"].input, Asks.apis["told"].output)


def test_a_value_chooses_its_adapter(plugin):
    registry = Registry.discover([plugin("it", bento_register_adapters=hook("bento_register_adapters", [ComplexAdapter]))])
    assert type(registry.adapter_for_value(1j)) is ComplexAdapter


def test_two_adapters_that_claim_one_type_are_an_error_naming_both(plugin):
    rival = type("RivalAdapter", (ComplexAdapter,), {"name": "rival"})
    registry = Registry.discover([plugin("it", bento_register_adapters=hook("bento_register_adapters", [ComplexAdapter, rival]))])
    with pytest.raises(DefinitionError) as refusal:
        registry.adapter_for_annotation(complex)
    assert str(refusal.value) == (
        "ComplexAdapter and RivalAdapter both take the type hint <class 'complex'>: name one of them as input= or output= of the api"
    )
    with pytest.raises(DefinitionError, match="both take a complex"):
        registry.adapter_for_value(1j)


def test_finding_plugins_imports_neither_a_packer_nor_a_parser_of_e_mail():
    found = "import sys, bento.registry; bento.registry.installed(); print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True).stdout.split()
    assert "bento.adapters" in imported
    assert {"bento.packers", "email.message", "email.parser"}.isdisjoint(imported)


def test_a_plugin_is_named_as_its_distribution_spells_itself(tmp_path, monkeypatch):
    (tmp_path / "plugin_named.py").write_text("")
    folder = tmp_path / "Plugin_Named-1.0rc1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nname: Plugin.Named\nVersion:  1.0rc1\n\nVersion: 2 is planned.\n")
    (folder / "entry_points.txt").write_text("[bento]\nnamed = plugin_named\n")
    monkeypatch.syspath_prepend(tmp_path)
    (plugin,) = Registry.discover(entry_points(group="bento", name="named")).plugins
    assert str(plugin) == "Plugin.Named 1.0rc1"
