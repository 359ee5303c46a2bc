"""The tests of `bento plugins spacy --check`: the kit's tests for the format, with a small trained pipeline and one of rules."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import SpacyArtifact

_KIND = {"good soup": 1.0, "a good room": 1.0, "bad soup": 0.0, "a bad room": 0.0}
_BAG = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1, "no_output_layer": False, "length": 512}


class TalkTests(ArtifactTests):
    """Runs a pipeline on two texts."""

    max_examples = 25

    def inputs(self) -> Any:
        return ["A good soup in Rome.", "What a bad room! I left."]

    def predict(self, model: Any, inputs: Any) -> Any:
        return [text.to_json() for text in model.pipe(inputs)]


class TestSpacyArtifact(TalkTests):
    """Weights: a component that tells kind texts from unkind ones."""

    artifact = SpacyArtifact()

    def model(self) -> Any:
        import spacy
        from spacy.training import Example
        from spacy.util import fix_random_seed

        fix_random_seed(0)
        nlp = spacy.blank("en")
        nlp.add_pipe("textcat", config={"model": _BAG})
        examples = [Example.from_dict(nlp.make_doc(text), {"cats": {"kind": kind, "unkind": 1 - kind}}) for text, kind in _KIND.items()]
        optimizer = nlp.initialize(lambda: examples)
        for _ in range(5):
            nlp.update(examples, sgd=optimizer)
        return nlp


class TestRules(TalkTests):
    """Rules for names and sentence ends, in a pipeline of no language, which has no long list of words with special tokens."""

    artifact = SpacyArtifact()

    def model(self) -> Any:
        import spacy

        nlp = spacy.blank("xx")
        nlp.add_pipe("sentencizer")
        nlp.add_pipe("entity_ruler").add_patterns([{"label": "PLACE", "pattern": "Rome"}])
        return nlp
