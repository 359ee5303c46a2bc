"""Services: slots, apis, names, and packing a model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bento
from bento import ArtifactError, DefinitionError, Packed
from bento.adapters import ArrayAdapter, JsonAdapter, TextAdapter
from bento.artifact import type_name
from bento.artifacts import FileArtifact


class WordsArtifact(bento.Artifact[list]):
    name = "words"

    def save(self, model, folder):
        (folder / "words.txt").write_text("\n".join(model))

    def load(self, folder):
        return (folder / "words.txt").read_text().splitlines()

    def accepts(self, model):
        return isinstance(model, list)


class Greeter(bento.Service):
    """Greets."""

    words = WordsArtifact()

    @bento.api
    def greet(self, name: str) -> str:
        return f"{self.words[0]} {name}"


def test_the_value_of_a_slot_is_the_packed_model_itself():
    words = ["hello"]
    assert Greeter(words=words).words is words


def test_the_value_of_a_slot_on_the_class_is_its_artifact():
    assert isinstance(Greeter.words, WordsArtifact)
    assert Greeter.words.slot == "words"


def test_a_plain_call_of_an_api_needs_no_server():
    assert Greeter(words=["hello"]).greet("Iris") == "hello Iris"


def test_a_service_knows_its_slots_and_apis_by_name():
    assert list(Greeter.artifacts) == ["words"]
    assert list(Greeter.apis) == ["greet"]


def test_a_subclass_inherits_slots_and_apis():
    class Polite(Greeter):
        titles = WordsArtifact()

        @bento.api
        def bow(self, name: str) -> str:
            return name

    assert (list(Polite.artifacts), list(Polite.apis)) == (["words", "titles"], ["greet", "bow"])


def test_an_overriding_method_is_an_api_only_if_it_is_marked():
    class Silent(Greeter):
        def greet(self, name: str) -> str:
            return ""

    assert list(Silent.apis) == []


@pytest.mark.parametrize(
    ("class_name", "name"),
    [("Iris", "iris"), ("IrisClassifier", "iris-classifier"), ("HTTPModel", "http-model"), ("my_model", "my-model"), ("V2", "v2")],
)
def test_a_service_is_named_after_its_class(class_name, name):
    assert type(class_name, (bento.Service,), {}).name == name


def test_a_service_may_have_a_name_of_its_own():
    assert type("Iris", (bento.Service,), {"name": "flowers"}).name == "flowers"


def test_metadata_is_remembered_with_the_model():
    service = Greeter(words=Packed(["hello"], metadata={"auc": 0.93}))
    assert service.words == ["hello"]
    assert service.metadata("words") == {"auc": 0.93}


def test_a_model_packed_without_metadata_has_none():
    assert Greeter(words=["hello"]).metadata("words") == {}


def refusal_of(error: type[Exception], call) -> str:
    with pytest.raises(error) as refusal:
        call()
    return str(refusal.value)


def test_a_missing_model_is_refused():
    message = "Greeter.words holds no model: pass one as Greeter(words=...), or load a saved bundle"
    assert refusal_of(ArtifactError, Greeter) == message
    assert refusal_of(ArtifactError, lambda: object.__new__(Greeter).words) == message


def test_an_unknown_slot_is_refused():
    assert refusal_of(ArtifactError, lambda: Greeter(words=[], model=1)) == "Greeter has no slot 'model': its slots are words"


def test_an_artifact_class_in_place_of_an_instance_is_refused_with_what_to_write():
    flowers = declare(words=WordsArtifact)
    message = "Flowers has no slot 'words': it is the class WordsArtifact itself, write words = WordsArtifact()"
    assert refusal_of(ArtifactError, lambda: flowers(words=[])) == message


def test_a_model_without_the_name_of_its_slot_is_refused():
    message = "Greeter takes each model by the name of its slot: write Greeter(words=...)"
    assert refusal_of(ArtifactError, lambda: Greeter(["Hello"])) == message


@pytest.mark.parametrize(
    ("ask", "expected"),
    [(bento.save, "a service to save"), (bento.app, "a service"), (bento.serve, "a service, a bundle, a tag, a path or a URL")],
)
def test_a_class_in_place_of_a_service_is_refused(ask, expected):
    message = f"expected {expected}, got the class Greeter: make a service of it, as in Greeter(words=...)"
    assert refusal_of(DefinitionError, lambda: ask(Greeter)) == message


@pytest.mark.parametrize(("ask", "expected"), [(bento.app, "a service"), (bento.serve, "a service, a bundle, a tag, a path or a URL")])
def test_an_object_in_place_of_a_service_is_refused(ask, expected):
    assert refusal_of(DefinitionError, lambda: ask(3)) == f"expected {expected}, got a int"


@pytest.mark.parametrize(
    "ask", [bento.load, lambda target: bento.pack(target, "folder", "out"), lambda target: bento.push(target, "file:///nowhere")]
)
def test_an_object_in_place_of_a_bundle_is_refused(ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved = "a service that is not saved, Greeter: bento.save(...) returns its bundle"
    for target, shown in [
        (Greeter(words=[]), saved),
        (None, "a NoneType"),
        (Greeter, "the class Greeter: make a service of it, as in Greeter(words=...)"),
    ]:
        assert refusal_of(bento.BundleError, lambda target=target: ask(target)) == f"expected a bundle, a tag, a path or a URL, got {shown}"


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: bento.save(Greeter(words=[]), store=store),
        lambda store: bento.load("greeter", store=store),
        lambda store: bento.load("file:///srv/greeter:1", store=store),
    ],
)
def test_a_path_in_place_of_a_store_is_refused(ask):
    message = "expected a store, got '/srv/models': write store=bento.Store(Path('/srv/models'))"
    assert refusal_of(bento.StoreError, lambda: ask("/srv/models")) == message


def test_a_service_without_slots_takes_no_model():
    class Empty(bento.Service):
        pass

    assert Empty().artifacts == {}
    assert refusal_of(ArtifactError, lambda: Empty(model=1)) == "Empty has no slot 'model': its slots are none"


def test_a_model_of_the_wrong_type_is_refused():
    message = "Greeter.words is a WordsArtifact, which does not keep {}"
    assert refusal_of(ArtifactError, lambda: Greeter(words=3)) == message.format("a int")
    assert refusal_of(ArtifactError, lambda: Greeter(words=re.compile(""))) == message.format("a re.Pattern")


def test_a_path_of_the_wrong_kind_is_refused_by_name():
    message = "Greeter.words is a WordsArtifact, which does not keep the {}"
    assert refusal_of(ArtifactError, lambda: Greeter(words=Packed("modles/words.txt"))) == message.format("str 'modles/words.txt'")
    assert refusal_of(ArtifactError, lambda: Greeter(words=Path("words"))) == message.format(f"{type_name(Path())} 'words'")
    assert len(refusal_of(ArtifactError, lambda: Greeter(words="long" * 100))) == len(message.format("str ")) - len("{}") + 2 + 80


def test_a_format_says_what_to_do_with_what_it_refuses():
    class NamedArtifact(WordsArtifact):
        def advice(self, model):
            return f"read {model!r} first" if model == "words.txt" else ""

    flowers = declare(words=NamedArtifact())
    message = "Flowers.words is a NamedArtifact, which does not keep the str"
    assert refusal_of(ArtifactError, lambda: flowers(words="words.txt")) == f"{message} 'words.txt': read 'words.txt' first"
    assert refusal_of(ArtifactError, lambda: flowers(words="words")) == f"{message} 'words'"


def test_a_class_in_place_of_a_model_is_refused():
    assert refusal_of(ArtifactError, lambda: Greeter(words=list)) == (
        "Greeter.words got the class list itself: pass a fitted instance of it"
    )


def declare(**members: object) -> type:
    return type("Flowers", (bento.Service,), members)


def test_one_artifact_object_in_two_slots_is_refused():
    shared = WordsArtifact()
    assert refusal_of(DefinitionError, lambda: declare(first=shared, second=shared)) == (
        "Flowers.second is the same artifact object as 'first': give each slot an artifact of its own"
    )


class HalfMadeAdapter(TextAdapter):
    def __init__(self):
        self.hint = "a word"


class HalfMadeArtifact(FileArtifact):
    def __init__(self):
        self.hint = "a file"


class OddOptionsAdapter(JsonAdapter):
    def options(self):
        return {"hint": re.hint}


def adapt(**adapters):
    class Iris(bento.Service):
        @bento.api(**adapters)
        def predict(self, value):
            return value


@pytest.mark.parametrize("place", ["input", "output"])
def test_an_adapter_without_a_call_of_its_base_constructor_is_refused_at_definition(place):
    with pytest.raises(DefinitionError) as caught:
        adapt(**{place: HalfMadeAdapter()})
    assert str(caught.value) == (
        f"{place}= of Iris.predict is a HalfMadeAdapter without '_example': call super().__init__(...) in HalfMadeAdapter.__init__"
    )


def test_an_artifact_without_a_call_of_its_base_constructor_is_refused_before_saving():
    with pytest.raises(DefinitionError) as caught:
        type("Iris", (bento.Service,), {"model": HalfMadeArtifact()})
    assert str(caught.value) == "Iris.model is a HalfMadeArtifact without 'suffix': call super().__init__(...) in HalfMadeArtifact.__init__"


def test_another_attribute_error_in_options_is_not_blamed_on_the_constructor():
    with pytest.raises(AttributeError, match=r"^module 're' has no attribute 'hint'$"):
        adapt(input=OddOptionsAdapter())


@pytest.mark.parametrize("given", [JsonAdapter, "json", list])
def test_an_object_in_place_of_an_adapter_is_refused(given):
    with pytest.raises(DefinitionError) as caught:
        adapt(input=given)
    assert str(caught.value) == f"expected an adapter as input= of Iris.predict, such as JsonAdapter(), got {given!r}"


@pytest.mark.parametrize("given", [{"python": ["scikit-learn"]}, bento.Env])
def test_an_object_in_place_of_an_env_is_refused(given):
    with pytest.raises(DefinitionError) as caught:
        declare(env=given)
    assert str(caught.value) == f"expected an Env as Flowers.env, such as bento.Env(python=['scikit-learn']), got {given!r}"


@pytest.mark.parametrize("name", ["env", "setup", "close", "metadata", "apis", "_model", "modèle"])
def test_a_slot_or_api_with_a_reserved_or_unusable_name_is_refused(name):
    def function(self, value):
        return value

    function.__name__ = name
    rule = "choose another name, one of ASCII letters that does not begin with '_' and that bento.Service does not use itself"
    assert refusal_of(DefinitionError, lambda: declare(**{name: WordsArtifact()})) == f"Flowers.{name} cannot be a slot: {rule}"
    assert refusal_of(DefinitionError, lambda: declare(**{name: bento.api(function)})) == f"Flowers.{name} cannot be an api: {rule}"


def test_a_slot_over_an_inherited_api_is_refused_and_the_other_way_round():
    assert refusal_of(DefinitionError, lambda: type("Loud", (Greeter,), {"greet": WordsArtifact()})) == (
        "Loud.greet is both a slot here and an api of a base class: choose another name for one of them"
    )

    @bento.api
    def words(self, value):
        return value

    assert refusal_of(DefinitionError, lambda: type("Loud", (Greeter,), {"words": words})) == (
        "Loud.words is both an api here and a slot of a base class: choose another name for one of them"
    )


@pytest.mark.parametrize("name", ["Flowers", "a b", "../a", "", 3])
def test_a_name_that_no_bundle_can_have_is_refused(name):
    assert refusal_of(DefinitionError, lambda: declare(name=name)).startswith(
        f"Flowers needs another name, as in name = 'iris': {name!r} is not a bundle name: use 1 to 64 of a-z"
    )


def test_an_artifact_shows_its_options():
    class LongWordsArtifact(WordsArtifact):
        def options(self):
            return {"least": 7}

    assert repr(LongWordsArtifact()) == "LongWordsArtifact(least=7)"


def test_instance_of_imports_no_module():
    import decimal

    assert bento.instance_of(decimal.Decimal(1), "decimal", "Decimal", "NoSuchClass")
    assert not bento.instance_of(1, "decimal", "Decimal")
    assert not bento.instance_of(1, "a_module_nobody_imported", "Thing")


def test_an_api_may_be_narrowed_for_one_service_and_no_other():
    class Rows(bento.Service):
        words = WordsArtifact()

        def __init__(self, /, **models):
            super().__init__(**models)
            self.narrow("count", input=ArrayAdapter(shape=(None, len(self.words))))

        @bento.api(input=ArrayAdapter(shape=(None, None)), output=JsonAdapter(), batch=True)
        def count(self, rows):
            return [row.sum() for row in rows]

    pair, triple = Rows(words=["a", "b"]), Rows(words=["a", "b", "c"])
    assert [shape_of(service) for service in (pair, triple, Rows)] == [[None, 2], [None, 3], [None, None]]
    assert pair.apis["count"].output is Rows.apis["count"].output
    with pytest.raises(KeyError):
        pair.narrow("nothing", input=JsonAdapter())


def shape_of(service):
    return service.apis["count"].input.options()["shape"]
