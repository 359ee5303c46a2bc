"""What the artifact owes its users, with the kit, for trained components and for rules."""

import talk

from bento.testing import ArtifactTests
from bento_spacy import SpacyArtifact


class TalkTests:
    max_examples = 25

    def inputs(self):
        return ["A good soup in Rome.", "What a bad room! I left."]

    def predict(self, model, inputs):
        return [text.to_json() for text in model.pipe(inputs)]


class TestJudge(TalkTests, ArtifactTests):
    artifact = SpacyArtifact()

    def model(self):
        return talk.judge()


class TestFinder(TalkTests, ArtifactTests):
    artifact = SpacyArtifact()

    def model(self):
        return talk.finder()
