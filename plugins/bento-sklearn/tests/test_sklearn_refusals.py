"""What the artifacts refuse, and the errors that say what to do instead."""

import json
import re
import zipfile

import numpy as np
import petals
import pytest
import sklearn
from scipy.stats import loguniform, randint
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import bento
from bento import ArtifactError, DefinitionError
from bento_sklearn import SklearnArtifact, SklearnPickleArtifact, VersionWarning
from bento_sklearn.service import SklearnService
from refusals import refuses

FLOWERS, SPECIES = load_iris(return_X_y=True)
BOTH = pytest.mark.parametrize("artifact", [SklearnArtifact(), SklearnPickleArtifact()], ids=["skops", "pickle"])


def fitted():
    return LogisticRegression(max_iter=1000).fit(FLOWERS, SPECIES)


class Holder(BaseEstimator):
    class Inner(BaseEstimator):
        """A class that is not at the top of its module."""

    def __init__(self, held=None):
        self.held = held

    def fit(self, rows, targets=None):
        return self


def test_a_type_that_nobody_trusts_is_refused_with_what_to_write(tmp_path):
    message = (
        "the model holds petals.Ratios, petals.logarithm, which skops does not trust by itself: "
        "if you do, write SklearnArtifact(trusted=['petals.Ratios', 'petals.logarithm'])"
    )
    refuses(lambda: SklearnArtifact().save(petals.fitted(), tmp_path), message)


def search_of(estimator, **distributions):
    search = RandomizedSearchCV(estimator, distributions, n_iter=1, cv=2, random_state=0)
    return search.fit(FLOWERS, SPECIES)


def test_a_search_with_distributions_is_refused_with_its_best_estimator_as_the_way_out(tmp_path):
    message = (
        "the model holds scipy.stats._continuous_distns.reciprocal_gen, scipy.stats._distn_infrastructure.rv_continuous_frozen, "
        "which skops does not trust by itself: pack its best_estimator_, which answers the same, or, if you do, write "
        "SklearnArtifact(trusted=['scipy.stats._continuous_distns.reciprocal_gen', "
        "'scipy.stats._distn_infrastructure.rv_continuous_frozen'])"
    )
    refuses(lambda: SklearnArtifact().save(search_of(Ridge(), alpha=loguniform(1, 2)), tmp_path), message)


def test_a_search_that_skops_cannot_keep_is_refused_with_its_best_estimator_as_the_way_out(tmp_path):
    search = search_of(KNeighborsClassifier(), n_neighbors=randint(1, 3))
    with pytest.raises(ArtifactError, match=r"RecursionError: .*: pack its best_estimator_, which answers the same$"):
        SklearnArtifact().save(search, tmp_path)


def test_the_advice_on_trust_includes_types_that_are_trusted_already(tmp_path):
    message = (
        "the model holds petals.logarithm, which skops does not trust by itself: "
        "if you do, write SklearnArtifact(trusted=['petals.Ratios', 'petals.logarithm'])"
    )
    refuses(lambda: SklearnArtifact(trusted=[petals.Ratios]).save(petals.fitted(), tmp_path), message)


def test_a_class_and_its_name_are_the_same_option():
    names = ["petals.Ratios", "petals.logarithm"]
    assert SklearnArtifact(trusted=[petals.logarithm, petals.Ratios]).options() == {"trusted": names}
    assert SklearnArtifact(trusted=names).options() == {"trusted": names}
    assert SklearnArtifact().options() == {}


@pytest.mark.parametrize("trusted", ["petals.Ratios", petals.Ratios, [3], [None]])
def test_trusted_is_a_list_of_classes_functions_or_names(trusted):
    message = f"expected SklearnArtifact(trusted=[...]) with classes, functions or their dotted names, got {trusted!r}"
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        SklearnArtifact(trusted=trusted)


@pytest.mark.parametrize(
    ("model", "name"),
    [(Holder(Holder.Inner()), "Inner"), (make_pipeline(FunctionTransformer(lambda rows: rows)).fit(FLOWERS), "<lambda>")],
)
def test_a_class_that_another_process_would_not_find_is_refused(tmp_path, model, name):
    message = f"{__name__}.{name} is not at the top of its module, where loading looks for it: define it there, with a name"
    refuses(lambda: SklearnArtifact().save(model, tmp_path), message)


def test_a_class_that_only_the_running_script_defines_is_refused(tmp_path):
    scripted = type("Scripted", (Holder,), {"__module__": "__main__"})
    message = "Scripted is defined in the running script or notebook, which no bundle can import: move it to a module"
    refuses(lambda: SklearnArtifact().save(scripted(), tmp_path), message)


@BOTH
@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression()), make_pipeline(make_pipeline(StandardScaler()))],
)
def test_an_estimator_that_is_not_fitted_is_refused(tmp_path, artifact, model):
    kind = f"{type(model).__module__}.{type(model).__name__}"
    refuses(lambda: artifact.save(model, tmp_path), f"this {kind} is not fitted: call its fit() before it is packed")


@BOTH
def test_estimators_of_others_are_taken_as_they_are(tmp_path, artifact):
    trusting = SklearnArtifact(trusted=[Holder]) if isinstance(artifact, SklearnArtifact) else artifact
    trusting.save(make_pipeline(Holder()), tmp_path)


@BOTH
def test_only_estimators_are_accepted(artifact):
    assert artifact.accepts(fitted())
    assert not any(map(artifact.accepts, [LogisticRegression, np.ones(3), "LogisticRegression()", {"model": fitted()}]))


def test_a_model_that_skops_cannot_hold_is_refused_with_the_way_out(tmp_path):
    refuses(
        lambda: SklearnArtifact().save(Holder(memoryview(b"view")), tmp_path),
        f"skops cannot keep this {__name__}.Holder: TypeError: cannot pickle 'memoryview' object: "
        "SklearnPickleArtifact may, at the price of trust",
    )


def with_schema(folder, change):
    """Change the schema in a saved model, as a forger would."""
    path = folder / "model.skops"
    with zipfile.ZipFile(path) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    members["schema.json"] = json.dumps({**json.loads(members["schema.json"]), **change}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def text(value):
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(value), "is_json": True}


def test_a_file_that_was_given_another_type_is_refused_and_runs_nothing(tmp_path):
    SklearnArtifact().save(fitted(), tmp_path)
    command = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [text(f"touch {tmp_path / 'canary'}")]}
    with_schema(tmp_path, {"__class__": "system", "__module__": "os", "__loader__": "ConstructorFromReduceNode", "content": command})
    with pytest.raises(ArtifactError, match=r"model.skops' is damaged, or holds what is not trusted: .*os\.system"):
        SklearnArtifact().load(tmp_path)
    assert not (tmp_path / "canary").exists()
    with pytest.raises(ArtifactError, match=r"holds a int, which is not an estimator$"):
        SklearnArtifact(trusted=["os.system"]).load(tmp_path)
    assert (tmp_path / "canary").exists()


def test_a_file_that_holds_no_estimator_is_refused(tmp_path):
    SklearnArtifact().save(fitted(), tmp_path)
    with_schema(tmp_path, {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []})
    refuses(lambda: SklearnArtifact().load(tmp_path), f"{str(tmp_path / 'model.skops')!r} holds a list, which is not an estimator")


def test_a_pickle_that_holds_no_estimator_is_refused(tmp_path):
    bento.artifacts.PickleArtifact().save([], tmp_path)
    (tmp_path / "version.json").write_text(json.dumps({"scikit-learn": sklearn.__version__}))
    refuses(lambda: SklearnPickleArtifact().load(tmp_path), f"the pickle in {str(tmp_path)!r} holds a list, which is not an estimator")


def test_an_archive_that_unpacks_to_much_more_than_its_size_is_refused(tmp_path):
    SklearnArtifact().save(fitted(), tmp_path)
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(1_000_000))
    message = f"{str(path)!r} is damaged, or holds what is not trusted: ValueError: an entry is compressed"
    refuses(lambda: SklearnArtifact().load(tmp_path), message)


@BOTH
def test_another_scikit_learn_gives_one_warning(tmp_path, artifact, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(sklearn, "__version__", "1.3.0")
        before.setattr("sklearn.base.__version__", "1.3.0")
        artifact.save(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(FLOWERS, SPECIES), tmp_path)
    message = (
        f"the model was saved with scikit-learn 1.3.0 and is loaded with {sklearn.__version__}, which may fail or give other "
        "answers: pip install 'scikit-learn==1.3.0', or save it again"
    )
    with pytest.warns(VersionWarning, match=f"^{re.escape(message)}$") as caught:
        artifact.load(tmp_path)
    assert [(warning.category, warning.filename) for warning in caught] == [(VersionWarning, __file__)]


def test_a_damaged_version_is_refused_by_name(tmp_path):
    SklearnArtifact().save(fitted(), tmp_path)
    (tmp_path / "version.json").write_text("[]")
    refuses(
        lambda: SklearnArtifact().load(tmp_path), f"{str(tmp_path / 'version.json')!r} is damaged: expected the version of scikit-learn"
    )


def test_only_an_artifact_without_trusted_types_has_a_default_service():
    assert SklearnArtifact().default_service() is SklearnService
    assert SklearnArtifact(trusted=["petals.Ratios"]).default_service() is None
    assert SklearnPickleArtifact().default_service() is None
