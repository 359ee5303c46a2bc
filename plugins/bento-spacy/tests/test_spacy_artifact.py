"""What the artifact owes its users, with the kit, for trained components and for rules, as `bento plugins spacy --check` shows it."""

from bento_spacy.checks import TestRules, TestSpacyArtifact

__all__ = ["TestRules", "TestSpacyArtifact"]
