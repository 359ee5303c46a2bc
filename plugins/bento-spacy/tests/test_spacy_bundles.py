"""From a script that trains to answers in other processes, a user's own components, and pipelines without a class."""

import asyncio
import json
import re
import shutil
import sys
from pathlib import Path

import httpx
import pytest
import spacy
import talk

import bento
from bento import ArtifactError, InvalidInput
from bento_spacy import SpacyArtifact
from bento_spacy.checks import TestSpacyArtifact as Kit
from commands import BENTO, Commands
from refusals import refuses

EXAMPLE = Path(__file__).parents[3] / "examples/tones.py"

SHOUTS = """
import bento, spacy, talk
from bento_spacy import SpacyArtifact


class Shouts(bento.Service):
    model = SpacyArtifact()

    @bento.api
    def loud(self, text: str) -> float:
        return self.model(text).cats["loud"]


if __name__ == "__main__":
    bento.save(Shouts(model=talk.shouter()))
"""


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_answers_elsewhere(run, tmp_path):
    assert "saved tones:" in run(sys.executable, EXAMPLE)
    answers = run(BENTO, "run", "tones", "judge", "--input", "what a lovely garden", "a dirty room and cold soup").splitlines()
    assert [json.loads(answer)["label"] for answer in answers] == ["kind", "unkind"]
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("tones")).manifest
    assert [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts] == [("spacy", {}, False)]
    assert {line.partition("==")[0] for line in manifest.requirements} == {"bento-core", "bento-spacy", "spacy"}


def test_a_component_defined_in_the_code_of_the_service_is_found_when_loading(run, tmp_path):
    shutil.copy(talk.__file__, tmp_path)
    (tmp_path / "shouts.py").write_text(SHOUTS)
    run(sys.executable, "shouts.py")
    assert run(BENTO, "run", "shouts", "loud", "--input", "Hello!", "Hello.") == "1.0\n0.0\n"


def test_a_component_that_nobody_registered_is_refused(tmp_path):
    SpacyArtifact().save(talk.shouter(), tmp_path)
    config = tmp_path / "pipeline/config.cfg"
    config.write_text(config.read_text().replace("talk_shout", "talk_whisper"))
    with pytest.raises(ArtifactError, match=r"^cannot load '.*pipeline': ValueError: \[E002\] Can't find factory for 'talk_whisper'"):
        SpacyArtifact().load(tmp_path)


def test_a_component_that_lies_in_another_pipeline_is_refused(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    talk.finder().to_disk(elsewhere)
    slot = tmp_path / "slot"
    slot.mkdir()
    SpacyArtifact().save(talk.finder(), slot)
    config = slot / "pipeline/config.cfg"
    forged = re.sub(
        r"(?s)\[components\.sentencizer\]\n.*?\n\n", f'[components.sentencizer]\nsource = "{elsewhere}"\n\n', config.read_text()
    )
    config.write_text(forged)
    assert spacy.load(slot / "pipeline").has_pipe("sentencizer")
    with pytest.raises(
        ArtifactError, match=r"config\.cfg' takes 'sentencizer' from '.*elsewhere', which is not part of it: save the pipeline again$"
    ):
        SpacyArtifact().load(slot)


def test_a_pipeline_without_a_class_answers_in_the_json_form_of_spacy(tmp_path):
    store = bento.Store(tmp_path)
    app = bento.app(bento.load(bento.save(talk.finder(), "bare", store=store), store=store))

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            texts = ["I love Rome.", "One. Two."]
            return await asyncio.gather(*[client.post("/predict", content=text, headers={"Content-Type": "text/plain"}) for text in texts])

    one, two = [answer.json() for answer in asyncio.run(post())]
    assert one["ents"] == [{"start": 7, "end": 11, "label": "PLACE"}]
    assert two["sents"] == [{"start": 0, "end": 4}, {"start": 5, "end": 9}]


def test_an_empty_text_is_answered_in_a_batch_as_alone(tmp_path):
    store = bento.Store(tmp_path)
    service = bento.load(bento.save(Kit().model(), "bare", store=store), store=store)
    texts = ["", "a good room", "", "bad soup"]
    together = service.predict(texts)
    assert [answer["text"] for answer in together] == texts
    assert together == [service.predict([text])[0] for text in texts]
    assert together[0]["cats"] == {"kind": 0.0, "unkind": 0.0}


def test_a_text_that_is_longer_than_the_pipeline_reads_is_the_clients_fault(tmp_path):
    nlp = spacy.blank("en")
    nlp.max_length = 9
    store = bento.Store(tmp_path)
    loaded = bento.load(bento.save(nlp, "short", store=store), store=store)
    assert loaded.predict(["Four cats"])[0]["text"] == "Four cats"
    with pytest.raises(InvalidInput, match=r"^expected a text of at most 9 characters, got one of 10$"):
        loaded.predict(["Some", "Many birds"])


def test_a_slot_without_the_maximum_text_length_is_damaged(tmp_path):
    SpacyArtifact().save(spacy.blank("en"), tmp_path)
    (tmp_path / "limits.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"limits.json' is damaged: expected the longest length of a text$"):
        SpacyArtifact().load(tmp_path)


def test_only_pipelines_are_accepted():
    accepts = SpacyArtifact().accepts
    assert [accepts(model) for model in (talk.finder(), talk.shouter())] == [True, True]
    assert [accepts(model) for model in (spacy.blank("en").vocab, spacy.lang.en.English, talk.finder()("text"))] == [False] * 3


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_spacy; bento_spacy.SpacyArtifact(); print([name for name in ('numpy', 'spacy') if name in sys.modules])"
    assert run(sys.executable, "-c", script) == "[]\n"


def test_the_folder_of_a_pipeline_is_refused_with_the_way_out(tmp_path):
    path = str(tmp_path / "pipeline")
    spacy.blank("en").to_disk(path)
    message = f"no installed plugin provides a service for a str: pack what spacy.load({path!r}) gives"
    refuses(lambda: bento.save(path, "words"), message)
    assert SpacyArtifact().accepts(spacy.load(path))
