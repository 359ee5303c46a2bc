"""The version of the framework that saved a model."""

import re
import warnings

import pytest

from bento import ArtifactError
from bento.artifacts import VersionWarning, check_version, write_version


def load(folder, version, **options):
    """Checks the version as the load() of an artifact does."""
    return check_version(folder, "things", version, **options)


def test_loading_a_model_under_another_version_gives_a_warning(tmp_path):
    write_version(tmp_path, "things", "1.2")
    message = (
        "the model was saved with things 1.2 and is loaded with 1.3, which may fail or give other answers: "
        "pip install 'things==1.2', or save it again"
    )
    with pytest.warns(VersionWarning, match=f"^{re.escape(message)}$") as caught:
        assert not load(tmp_path, "1.3")
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(("running", "warned"), [("1.2", 0), ("1.10", 0), ("1.1", 1), ("built by hand", 1)])
def test_a_framework_that_reads_older_models_warns_about_later_ones_only(tmp_path, running, warned):
    write_version(tmp_path, "things", "1.2")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert load(tmp_path, running, reads_older=True) is not bool(warned)
    assert len(caught) == warned


@pytest.mark.parametrize("text", ["[]", "{}", '{"others":"1.2"}', '{"things":1}', '{"things":"1.2","others":"1"}'])
def test_a_file_that_names_no_version_is_damaged(tmp_path, text):
    path = tmp_path / "version.json"
    path.write_text(text)
    with pytest.raises(ArtifactError, match=f"^{re.escape(f'{str(path)!r} is damaged: expected the version of things')}$"):
        load(tmp_path, "1.2")
