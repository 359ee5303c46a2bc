"""The artifact passes the kit with trained components and with rules, as `bento plugins spacy --check` shows."""

from bento_spacy.checks import TestRules, TestSpacyArtifact

__all__ = ["TestRules", "TestSpacyArtifact"]
