"""Small pipelines, made and trained in the test, and a component of the project's own."""

import spacy
from spacy.language import Language


@Language.component("talk_shout")
def shout(doc):
    """Have a text say that it ends loudly."""
    doc.cats["loud"] = float(doc.text.endswith("!"))
    return doc


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
