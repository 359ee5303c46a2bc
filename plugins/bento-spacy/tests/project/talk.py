"""Small pipelines, made and trained in the test, and a component of the project's own."""

import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed


@Language.component("talk_shout")
def shout(doc):
    """Have a text say that it ends loudly."""
    doc.cats["loud"] = float(doc.text.endswith("!"))
    return doc


def judge():
    """Tells kind texts from unkind ones."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    bag = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1, "no_output_layer": False, "length": 512}
    nlp.add_pipe("textcat", config={"model": bag})
    cases = [("good soup", 1.0), ("a good room", 1.0), ("bad soup", 0.0), ("a bad room", 0.0)]
    examples = [Example.from_dict(nlp.make_doc(text), {"cats": {"kind": kind, "unkind": 1 - kind}}) for text, kind in cases]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer)
    return nlp


def finder():
    """Finds names by rules, and splits sentences."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PLACE", "pattern": "Rome"}])
    return nlp


def shouter():
    """Has a component of the project's own."""
    nlp = spacy.blank("de")
    nlp.add_pipe("talk_shout")
    return nlp
