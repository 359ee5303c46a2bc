from __future__ import annotations

from pathlib import Path

import pytest

from bento import Tag
from bento.errors import BundleError, NotFound, TagError
from bento.serving import resolve
from bento.store import find


def test_a_tag_is_looked_up_in_the_store(store, service):
    saved = store.save(service, version="3")
    assert find("iris:3", store=store) == find("iris", store=store) == saved


def test_a_tag_object_names_what_its_text_does(store, service):
    saved = store.save(service, version="3")
    assert find(saved.tag, store=store) == find(Tag("iris"), store=store) == saved
    assert resolve(Tag("iris"), store=store).title == "iris:3"


def test_without_a_store_it_is_the_usual_one(monkeypatch, store, service):
    monkeypatch.setenv("BENTO_HOME", str(store.root))
    assert store.save(service, version="3") == find("iris:3")


@pytest.mark.parametrize("target", [Path("iris"), "./iris", "iris", "../here/iris"])
def test_a_folder_is_found_by_a_path_and_by_its_bare_name(make_bundle, tmp_path, monkeypatch, store, target):
    bundle = make_bundle(tmp_path / "here/iris")
    monkeypatch.chdir(tmp_path / "here")
    found = find(target, store=store)
    assert found.fingerprint == bundle.fingerprint
    assert found.path.is_absolute()


def test_a_path_where_no_bundle_is_says_so(store, tmp_path):
    for target in (tmp_path, f"{tmp_path}/no"):
        with pytest.raises(BundleError) as caught:
            find(target, store=store)
        assert str(caught.value) == f"{target} is not a bundle: it has no bento.json"


def test_an_archive_is_to_be_unpacked_first(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my iris.bento").touch()
    for target in (Path("my iris.bento"), "my iris.bento"):
        with pytest.raises(BundleError) as caught:
            find(target, store=store)
        assert str(caught.value) == "'my iris.bento' is an archive: take it into the store first, with `bento unpack 'my iris.bento'`"


def test_a_file_of_another_name_is_not_a_bundle(store, tmp_path):
    (tmp_path / "iris.zip").touch()
    with pytest.raises(BundleError) as caught:
        find(tmp_path / "iris.zip", store=store)
    assert str(caught.value) == (
        f"{tmp_path / 'iris.zip'} is not a bundle, which is a folder: `bento unpack` takes one into the store that was packed as a file"
    )


def test_a_tag_may_end_like_an_archive(store):
    with pytest.raises(NotFound):
        find("iris.bento", store=store)


@pytest.mark.parametrize("target", ["", "iris:", "Iris", ".", "a b", "x" * 5000, "iris\x00"])
def test_a_text_that_is_neither_a_tag_nor_a_path_is_refused(store, target):
    with pytest.raises(TagError):
        find(target, store=store)
