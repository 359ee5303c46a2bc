"""Models without a service class: which format provides the service."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

import bento
from bento.adapters import JsonAdapter
from bento.artifact import type_name
from bento.artifacts import JsonArtifact
from bento.registry import Plugin, Registry


class LabelsArtifact(JsonArtifact):
    """Needs a language as an argument, which a bare model cannot give."""

    name = "labels"

    def __init__(self, language):
        super().__init__()

    def default_service(self):
        return Labels


class OpenArtifact(JsonArtifact):
    name = "open"

    def __init__(self, *names, **options):
        super().__init__()

    def default_service(self):
        return Labels


class Labels(bento.Service):
    model = JsonArtifact()

    @bento.api(input=JsonAdapter())
    def read(self, value):
        return self.model


@pytest.fixture
def only(monkeypatch):
    """Make some formats the only ones that are installed."""

    def only(*kinds):
        registry = Registry((Plugin("labels", "bento-labels", "1.0", "labels", artifacts=kinds),))
        monkeypatch.setattr("bento.store.models.installed", lambda: registry)

    return only


def test_a_format_that_needs_arguments_is_not_tried_for_bare_models(only, tmp_path):
    only(LabelsArtifact)
    with pytest.raises(bento.ArtifactError, match=r"^no installed plugin provides a service for a list: "):
        bento.save(["good", "bad"], "labels", store=bento.Store(tmp_path))


@pytest.mark.parametrize(("model", "kinds"), [(["good"], "KeptArtifact or LabelledArtifact"), ("good", "ToldArtifact")])
def test_if_the_plugin_of_a_framework_provides_no_service_its_formats_are_named(only, tmp_path, model, kinds):
    class KeptArtifact(JsonArtifact):
        name = "kept"
        framework = "builtins"

        def accepts(self, model):
            return type(model) is list

    class ToldArtifact(LabelsArtifact):
        name = "told"
        framework = "builtins"

    only(KeptArtifact, type("LabelledArtifact", (KeptArtifact,), {"name": "labelled"}), ToldArtifact)
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(model, "labels", store=bento.Store(tmp_path))
    assert str(refusal.value) == (
        f"no installed plugin provides a service for a {type(model).__name__}: write a bento.Service with a slot for it, of {kinds}"
    )


def test_the_error_for_a_model_that_no_plugin_keeps_ends_with_the_advice_of_a_format(only, tmp_path):
    class NamedArtifact(JsonArtifact):
        name = "named"

        def accepts(self, model):
            return False

        def advice(self, model):
            return f"read {model!r} first"

    only(LabelsArtifact, NamedArtifact)
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save("labels.json", "labels", store=bento.Store(tmp_path))
    assert str(refusal.value) == "no installed plugin provides a service for a str: read 'labels.json' first"


def test_advice_of_a_format_of_the_models_framework_precedes_that_of_general_formats(only, tmp_path):
    class AnyArtifact(JsonArtifact):
        name = "any"

        def accepts(self, model):
            return False

        def advice(self, model):
            return f"pass {model!r} as a path"

    class OwnArtifact(AnyArtifact):
        name = "own"
        framework = "keras"

        def advice(self, model):
            return f"load {model!r} with keras"

    only(AnyArtifact, OwnArtifact)
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save("digits.keras", "digits", store=bento.Store(tmp_path))
    assert str(refusal.value) == "no installed plugin provides a service for a str: load 'digits.keras' with keras"


def test_a_format_of_any_framework_that_keeps_a_file_but_provides_no_service_is_named(only, tmp_path):
    class FolderArtifact(JsonArtifact):
        name = "folder"
        framework = "mlflow"

        def accepts(self, model):
            return isinstance(model, Path)

    only(FolderArtifact, OpenArtifact)
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(Path("model"), "labels", store=bento.Store(tmp_path))
    assert str(refusal.value) == (
        f"no installed plugin provides a service for a {type_name(Path())}: write a bento.Service with a slot for it, of FolderArtifact"
    )


def test_a_format_of_no_framework_that_keeps_a_model_as_data_is_named(tmp_path):
    with pytest.raises(bento.ArtifactError, match=r": write a bento\.Service with a slot for it, of JsonArtifact$"):
        bento.save({"tea": 3}, "prices", store=bento.Store(tmp_path))


def test_for_a_model_that_no_plugin_keeps_the_missing_framework_plugin_is_named(only, tmp_path):
    class Own(click.Command):
        """A class that a script derives from a class of a framework."""

    only(OpenArtifact)
    for model in (click.Command("train"), Own("train")):
        with pytest.raises(bento.ArtifactError, match=r": install the plugin for click, or write a bento\.Service with a slot for it$"):
            bento.save(model, "labels", store=bento.Store(tmp_path))


def test_a_format_with_only_variable_arguments_keeps_a_bare_model(only, tmp_path):
    only(LabelsArtifact, OpenArtifact)
    assert bento.save(["good", "bad"], "labels", store=bento.Store(tmp_path)).name == "labels"


class ListedArtifact(JsonArtifact):
    name = "listed"
    framework = "builtins"

    def default_service(self):
        return Listed


class Listed(bento.Service):
    model = ListedArtifact()

    @bento.api(input=JsonAdapter())
    def count(self, value):
        return len(self.model)


def test_the_format_of_the_models_own_framework_is_preferred(only, tmp_path):
    only(OpenArtifact, ListedArtifact)
    bundle = bento.save(["good", "bad"], "labels", store=bento.Store(tmp_path))
    assert [api.name for api in bundle.manifest.apis] == ["count"]


def test_several_formats_of_one_framework_are_an_error(only, tmp_path):
    only(type("OtherArtifact", (ListedArtifact,), {"name": "other"}), ListedArtifact)
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(["good", "bad"], "labels", store=bento.Store(tmp_path))
    assert str(refusal.value) == (
        "'other' of bento-labels 1.0 and 'listed' of bento-labels 1.0 both keep a list: say which, in a bento.Service with a slot for it"
    )
