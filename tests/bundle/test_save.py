from __future__ import annotations

import errno
import importlib.util
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

import bento
from bento.bundle import load_service, open_bundle, verify
from bento.bundle.manifest.records import Record
from bento.errors import ArtifactError, BundleError, DefinitionError, StoreError, TagError

WRITER = """
    import os
    import bento
    from bento.artifact import Artifact

    class OddArtifact(Artifact[object]):
        name = "odd"

        def accepts(self, model):
            return True

        def load(self, folder):
            return None

        def save(self, model, folder):
            model(folder)

    class Odd(bento.Service):
        first = OddArtifact()
        model = OddArtifact()

        @bento.api
        def predict(self, value):
            return value
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plain(folder: Path) -> None:
    (folder / "model.txt").write_text("model")


def save_odd(project: Any, model: object, first: object = plain) -> Any:
    project.write({"odd.py": WRITER})
    return bento.bundle.write_bundle(project.service("odd:Odd", first=first, model=model), project.out / "odd")


def test_a_saved_service_answers_as_before(project: Any) -> None:
    service = load_service(project.save_iris({}))
    assert service.predict(3) == [{"weights": [1, 2]}, 3]


CONSTRUCTED = """
    import bento
    from bento.artifacts import JsonArtifact

    class Odd(bento.Service):
        model = JsonArtifact()

        def __init__({parameters}):
            {body}

    service = Odd({arguments})
"""


def refused_to_save(project: Any, **parts: str) -> str:
    project.write({"odd.py": CONSTRUCTED.format(**parts)})
    with pytest.raises(DefinitionError) as caught:
        bento.bundle.write_bundle(project.module("odd").service, project.out / "odd")
    assert project.leftovers() == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "arguments", "fault"),
    [
        ("self, model, limit", "{}, 3", "missing a required argument: 'limit'"),
        ("self, limit", "3", "missing a required argument: 'limit'"),
        ("self, forest={}", "", "got an unexpected keyword argument 'model'"),
    ],
)
def test_a_service_whose_constructor_needs_more_than_models_is_not_saved(project: Any, parameters: str, arguments: str, fault: str) -> None:
    said = refused_to_save(project, parameters=parameters, arguments=arguments, body="super().__init__(model={})")
    assert said == (
        f"Odd.__init__ cannot be called as Odd(model=...), which loading the bundle does: {fault}: "
        "let it take the models by the names of their slots and nothing else"
    )


def test_a_service_whose_constructor_packs_no_models_is_not_saved(project: Any) -> None:
    said = refused_to_save(project, parameters="self, **models", arguments="model={}", body="self.limit = 3")
    assert said == "Odd.model holds no model: call super().__init__(**models) in Odd.__init__"


LOAD = """
    import os, pathlib
    from bento.bundle import load_service, open_bundle
    print(load_service(open_bundle(pathlib.Path(os.environ["OUT"], "saved"))).predict(0))
"""


def test_a_saved_service_answers_in_a_process_that_has_only_the_bundle(project: Any) -> None:
    iris = project.IRIS.replace("[self.model, value]", "[self.model, helpers.ANSWER]").replace(
        "    import bento\n", "    import bento, helpers\n", 1
    )
    project.save_iris({"helpers.py": "ANSWER = 42", "iris.py": iris})
    for file in project.root.iterdir():
        file.unlink()
    project.write({"load.py": LOAD})
    assert project.run("load.py", PYTHONDONTWRITEBYTECODE="").stdout == "[{'weights': [1, 2]}, 42]\n"
    verify(open_bundle(project.out / "saved"))


def test_a_bundle_has_its_parts_in_their_places(project: Any) -> None:
    bundle = project.save_iris({})
    assert inside(bundle.path) == ["README.md", "artifacts", "bento.json", "requirements.txt", "sbom.cdx.json", "src", "wheels"]
    assert inside(bundle.path / "artifacts/model") == ["model.json"]
    assert project.paths(bundle) == ["iris.py"]


def test_a_bundle_is_whole(project: Any) -> None:
    verify(project.save_iris({}))


def test_modes_do_not_depend_on_the_umask(project: Any) -> None:
    before = os.umask(0o077)
    try:
        bundle = project.save_iris({})
    finally:
        os.umask(before)
    folders, files = {bundle.path}, set()
    for parent, inside, names in os.walk(bundle.path):
        folders |= {Path(parent, name) for name in inside}
        files |= {Path(parent, name) for name in names}
    assert {mode(folder) for folder in folders} == {0o755}
    assert {mode(file) for file in files} == {0o644}


def test_the_same_service_gives_the_same_bytes(tmp_path: Path, project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763806500")
    first = project.save_iris({"pack/__init__.py": "", "pack/words.txt": "a\nb\n"}, to="first")
    before = os.umask(0o027)
    try:
        second = project.save(to="elsewhere/second")
    finally:
        os.umask(before)
    assert (first.fingerprint, first.digest) == (second.fingerprint, second.digest)
    assert first.manifest.created == "2025-11-22T10:15:00Z"
    for file in first.manifest.files:
        assert (first.path / file.path).read_bytes() == (second.path / file.path).read_bytes()


def test_the_same_project_elsewhere_gives_the_same_bytes(project: Any, tmp_path: Path) -> None:
    save = """
        import os, sys, pathlib
        from bento.bundle import write_bundle
        from iris import Iris
        print(write_bundle(Iris(model={"b": 1, "a": [1.5]}), pathlib.Path(os.environ["OUT"], sys.argv[1])).fingerprint)
    """
    project.write({"iris.py": project.IRIS, "train.py": save})
    first = project.run("train.py", "one", SOURCE_DATE_EPOCH="0", PYTHONHASHSEED="1")
    project.root = project.root.rename(tmp_path / "moved")
    second = project.run("train.py", "two", SOURCE_DATE_EPOCH="0", PYTHONHASHSEED="2")
    assert first.stdout == second.stdout != ""


def test_a_version_is_made_of_the_time_and_the_digest(project: Any) -> None:
    bundle = project.save_iris({})
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{6}", bundle.version)
    assert bundle.version.endswith(bundle.digest[:6])


def test_version_and_labels_are_kept(project: Any) -> None:
    bundle = project.save_iris({}, version="3", labels={"team": "flowers"})
    assert str(bundle.tag) == "iris:3"
    assert bundle.manifest.labels == {"team": "flowers"}


def test_a_bundle_cannot_be_saved_as_version_latest(project: Any) -> None:
    with pytest.raises(TagError) as caught:
        project.save_iris({}, version="latest")
    assert str(caught.value) == "'latest' always stands for the newest version: save under another one, or none"


def test_a_label_on_two_lines_is_refused(project: Any) -> None:
    with pytest.raises(BundleError) as caught:
        project.save_iris({}, labels={"team": "a\nb"})
    assert str(caught.value) == (
        r"{'team': 'a\nb'} cannot be labels: expected a label's value of up to 256 characters on one line, got 'a\nb'"
    )


def test_labels_without_values_are_refused(project: Any) -> None:
    with pytest.raises(BundleError) as caught:
        project.save_iris({}, labels=["live"])
    assert str(caught.value) == "expected labels as {'stage': 'live'}, got ['live']"


def test_an_invalid_time_is_refused(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(BundleError) as caught:
        project.save_iris({})
    assert str(caught.value) == "expected SOURCE_DATE_EPOCH in seconds since 1970, got 'yesterday'"


def test_a_folder_that_exists_is_left_alone(project: Any) -> None:
    (project.out / "saved").mkdir()
    with pytest.raises(StoreError) as caught:
        project.save_iris({})
    assert str(caught.value) == f"{project.out / 'saved'} is there already: choose another name or version, or delete it first"
    assert project.leftovers() == ["saved"]


def test_progress_counts_every_byte(project: Any) -> None:
    done: list[int] = []
    bundle = project.save_iris({}, progress=done.append)
    assert done[-1] == bundle.size


def test_metadata_is_kept(project: Any) -> None:
    project.write({"iris.py": project.IRIS})
    service = project.service(model=bento.Packed({"a": 1}, metadata={"auc": 0.93}))
    bundle = bento.bundle.write_bundle(service, project.out / "saved")
    assert bundle.manifest.artifacts[0].metadata == {"auc": 0.93}
    assert load_service(bundle).metadata("model") == {"auc": 0.93}


def test_metadata_that_is_not_json_is_refused_before_anything_is_written(project: Any) -> None:
    project.write({"iris.py": project.IRIS})
    service = project.service(model=bento.Packed({"a": 1}, metadata={"auc": {1}}))
    with pytest.raises(ArtifactError) as caught:
        bento.bundle.write_bundle(service, project.out / "saved")
    assert str(caught.value) == "Iris.model cannot be described in a manifest: expected a JSON value, got {1} - at $.metadata.auc"
    assert project.leftovers() == []


def test_the_readme_says_how_to_call_the_service(project: Any) -> None:
    bundle = project.save_iris({"iris.py": project.IRIS.replace("model =", '"""Tell an iris."""\n        model =')})
    text = (bundle.path / "README.md").read_text()
    assert text.startswith("# iris\n\nTell an iris.\n\n    bento serve iris\n\n## predict\n\n    curl http://127.0.0.1:3000/predict -H ")


def test_control_characters_of_a_docstring_are_left_out(project: Any) -> None:
    bundle = project.save_iris({"iris.py": project.IRIS.replace("model =", '"""One\\x07 \\u202etwo.\\r\\n\\tThree."""\n        model =')})
    assert bundle.manifest.doc == "One two.\nThree."


def test_a_model_that_cannot_be_saved_is_named_with_the_cause(project: Any) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise ValueError("weights are gone")

    with pytest.raises(ArtifactError) as caught:
        save_odd(project, fail)
    assert str(caught.value) == "Odd.model: OddArtifact cannot save a function: ValueError: weights are gone"
    assert project.leftovers() == []


def test_an_artifact_that_writes_nothing_is_refused(project: Any) -> None:
    with pytest.raises(ArtifactError) as caught:
        save_odd(project, lambda folder: (folder / "empty").mkdir())
    assert str(caught.value) == "Odd.model: OddArtifact wrote no files"
    assert project.leftovers() == []


def test_an_artifact_that_writes_a_link_is_refused(project: Any) -> None:
    with pytest.raises(ArtifactError) as caught:
        save_odd(project, lambda folder: (folder / "passwords").symlink_to("/etc/passwd"))
    assert (
        str(caught.value) == "Odd.model: OddArtifact wrote 'artifacts/model/passwords', which is a link or a device: expected plain files"
    )
    assert project.leftovers() == []


def test_an_artifact_that_writes_beside_its_folder_is_refused(project: Any) -> None:
    def stray(folder: Path) -> None:
        plain(folder)
        (folder.parent.parent / "bento.json").write_text("{}")

    with pytest.raises(ArtifactError) as caught:
        save_odd(project, stray)
    assert str(caught.value) == "Odd.model: OddArtifact changed 'bento.json', outside its own folder"


@pytest.mark.parametrize("touch", [Path.unlink, lambda file: file.write_text("other")])
def test_an_artifact_that_touches_another_slot_is_refused(project: Any, touch: Any) -> None:
    def stray(folder: Path) -> None:
        plain(folder)
        touch(folder.parent / "first/model.txt")

    with pytest.raises(ArtifactError) as caught:
        save_odd(project, stray)
    assert str(caught.value) == "Odd.model: OddArtifact changed 'artifacts/first/model.txt', outside its own folder"


def test_an_artifact_that_removes_its_folder_is_refused(project: Any) -> None:
    with pytest.raises(ArtifactError, match=r"^Odd\.model: OddArtifact removed its own folder$"):
        save_odd(project, os.rmdir)


def test_an_artifact_whose_files_no_manifest_can_name_is_refused(project: Any) -> None:
    with pytest.raises(ArtifactError) as caught:
        save_odd(project, lambda folder: (folder / "a\\b").touch())
    assert str(caught.value) == "Odd.model: OddArtifact wrote 'artifacts/model/a\\\\b': expected a relative path like 'src/iris.py'"


def test_empty_folders_of_an_artifact_are_left_out(project: Any) -> None:
    def write(folder: Path) -> None:
        plain(folder)
        (folder / "a/b/c").mkdir(parents=True)

    bundle = save_odd(project, write)
    verify(bundle)
    assert inside(bundle.path / "artifacts/model") == ["model.txt"]


def test_files_that_an_artifact_protects_are_saved_and_removed_like_others(project: Any) -> None:
    def protect(folder: Path) -> None:
        (folder / "inner").mkdir()
        plain(folder / "inner")
        (folder / "inner/model.txt").chmod(0o400)
        (folder / "inner").chmod(0o500)

    bundle = save_odd(project, protect)
    assert mode(bundle.path / "artifacts/model/inner/model.txt") == 0o644


def test_an_error_of_an_artifact_is_passed_on(project: Any) -> None:
    def refuse(folder: Path) -> None:
        raise ArtifactError("expected roses, got weeds")

    with pytest.raises(ArtifactError, match=r"^expected roses, got weeds$"):
        save_odd(project, refuse)


def test_a_full_disk_is_reported_as_one_even_if_a_library_hides_it(project: Any) -> None:
    def fill(folder: Path) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise ArtifactError("cannot write") from error

    with pytest.raises(StoreError) as caught:
        save_odd(project, fill)
    assert str(caught.value) == f"no space left for {project.out}/odd: No space left on device: free some, or choose another place"


def test_a_failed_save_changes_nothing_that_a_link_leads_to(project: Any, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir(mode=0o751)
    (tmp_path / "outside/file").touch(mode=0o641)
    with pytest.raises(ArtifactError):
        save_odd(project, lambda folder: (folder / "linked").symlink_to(tmp_path / "outside"))
    assert project.leftovers() == []
    assert (mode(tmp_path / "outside"), mode(tmp_path / "outside/file")) == (0o751, 0o641)


def test_a_place_that_vanishes_while_saving_is_named(project: Any) -> None:
    def vanish(done: int) -> None:
        if project.out.exists():
            project.out.rename(project.root / "gone")

    with pytest.raises(StoreError, match=rf"^cannot write {project.out}/saved: \[Errno 2\] No such file or directory"):
        project.save_iris({}, progress=vanish)


def test_a_service_imported_under_a_name_that_does_not_match_its_path_is_refused(project: Any) -> None:
    project.write({"shop/iris.py": project.IRIS})
    spec = importlib.util.spec_from_file_location("garden.iris", project.root / "shop/iris.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["garden.iris"] = module
    spec.loader.exec_module(module)
    with pytest.raises(DefinitionError) as caught:
        project.save("garden.iris:Iris")
    assert str(caught.value) == (
        f"{project.root}/shop/iris.py was imported as 'garden.iris', which is not its place: import it from {project.root}"
    )


def test_a_record_with_a_field_type_that_has_no_check_cannot_be_made() -> None:
    class Loose(Record):
        anything: list

    with pytest.raises(TypeError, match=r"^no check for <class 'list'>$"):
        Loose(anything=[])
