from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from bento.bundle.manifest.entries import ApiEntry, File
from bento.bundle.manifest.formats import MAX_MANIFEST, read_manifest
from bento.errors import BundleError

if TYPE_CHECKING:
    from bento.bundle.manifest.manifest import Manifest

SHA = "0" * 64


def read(document: object) -> Manifest:
    return read_manifest(json.dumps(document).encode())


def refusal(document: object) -> str:
    with pytest.raises(BundleError) as caught:
        read(document)
    return str(caught.value)


def put(document: dict[str, Any], path: str, value: object) -> None:
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = document
    for parent in parents:
        place = place[parent]
    place[last] = value


def test_a_manifest_is_written_in_one_form_and_read_back_equal(document: dict[str, Any]) -> None:
    manifest = read(document)
    written = manifest.encode()
    assert read_manifest(written) == manifest
    assert read_manifest(written).encode() == written
    assert written.decode() == json.dumps(document, sort_keys=True, indent=2) + "\n"


def test_text_is_kept_as_utf8(document: dict[str, Any]) -> None:
    document["doc"] = "Schwertlilien für alle"
    assert "für".encode() in read(document).encode()


def test_parts_are_values_of_their_own_types(document: dict[str, Any]) -> None:
    manifest = read(document)
    assert isinstance(manifest.apis[0], ApiEntry)
    assert manifest.apis[0].batch is not None
    assert manifest.apis[0].input.media_types == ("application/json",)
    assert manifest.artifacts[0].metadata == {"auc": 0.93}
    assert manifest.files[0].path == "README.md"


def test_a_record_cannot_be_made_wrong() -> None:
    with pytest.raises(BundleError, match=r"expected a relative path like 'src/iris.py', got '../secret' - at \$.path"):
        File(path="../secret", size=1, sha256=SHA)


def test_a_record_needs_all_of_its_fields_and_takes_no_others() -> None:
    with pytest.raises(TypeError, match=r"^File takes path, size, sha256, got path, color$"):
        File(path="README.md", color="red")  # type: ignore[call-arg]


def test_a_record_never_changes() -> None:
    file = File(path="README.md", size=1, sha256=SHA)
    with pytest.raises(AttributeError, match=r"^File.size cannot be changed: make another File$"):
        file.size = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"^File.size cannot be deleted: make another File$"):
        del file.size


def test_records_with_equal_fields_are_equal_even_after_pickling_or_copying() -> None:
    file, other = (File(path="README.md", size=size, sha256=SHA) for size in (1, 2))
    assert {file: "kept"}[pickle.loads(pickle.dumps(file))] == "kept"
    assert copy.deepcopy(file) == file != other
    assert repr(other) == f"File(path='README.md', size=2, sha256='{SHA}')"


def test_a_wrong_value_is_refused_with_what_was_expected_and_where(document: dict[str, Any]) -> None:
    document["artifacts"][0]["format"] = 7
    assert refusal(document) == "bento.json: expected a name like 'sklearn', got 7 - at $.artifacts[0].format"


def test_a_missing_field_is_named(document: dict[str, Any]) -> None:
    del document["files"][2]["sha256"]
    assert refusal(document) == "bento.json: expected a field 'sha256', got ['path', 'size'] - at $.files[2]"


def test_an_unknown_field_is_named(document: dict[str, Any]) -> None:
    document["env"]["shell"] = "sh"
    assert refusal(document) == "bento.json: expected only the fields apt, base_image, conda, python_version, setup, got 'shell' - at $.env"


def test_a_newer_format_says_which_bento_core_reads_it(document: dict[str, Any]) -> None:
    document["format"] = 2
    document["requirements"] = ["bento-core==0.9.1"]
    assert refusal(document) == (
        "bento.json: expected format 1 or older, which bento-core 0.1.0 reads, got 2 - at $.format: pip install 'bento-core>=0.9.1'"
    )


def test_a_newer_format_without_a_readable_requirement_asks_for_the_newest_bento_core(document: dict[str, Any]) -> None:
    document |= {"format": 2, "requirements": ["bento-core==1; echo $(id)", 3]}
    assert refusal(document).endswith("got 2 - at $.format: pip install --upgrade bento-core")


@pytest.mark.parametrize("number", [None, True, "1", 1.0, 0, -1])
def test_a_format_is_a_number(document: dict[str, Any], number: object) -> None:
    document["format"] = number
    assert refusal(document).startswith("bento.json: expected the number of a format, got ")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "", "a\\b", "C:/a", "c:a", "a\nb", "a\x00", "a/" * 40 + "a"]
)
def test_a_path_that_leaves_the_bundle_or_is_not_portable_is_refused(document: dict[str, Any], path: str) -> None:
    document["files"][0]["path"] = path
    assert refusal(document).startswith("bento.json: expected a relative path like 'src/iris.py', got ")


@pytest.mark.parametrize("second", ["SRC/IRIS.PY", "src/iris.py/x", "src/IRIS.py", "src/\u017fris.py"])
def test_two_paths_that_are_equal_on_some_file_systems_are_refused(document: dict[str, Any], second: str) -> None:
    first = "src/sris.py" if "\u017f" in second else "src/iris.py"
    document["artifacts"] = []
    document["files"] = [{"path": path, "size": 0, "sha256": SHA} for path in sorted([first, second])]
    assert "expected paths that are distinct on every file system, got " in refusal(document)


@pytest.mark.parametrize("path", ["bento.json", "BENTO.JSON", "bento.json/x"])
def test_a_manifest_does_not_list_itself(document: dict[str, Any], path: str) -> None:
    document |= {"artifacts": [], "files": [{"path": path, "size": 0, "sha256": SHA}]}
    assert "expected paths that are distinct on every file system, got " in refusal(document)


def test_files_are_sorted_and_listed_once(document: dict[str, Any]) -> None:
    document["files"].append(document["files"][0])
    assert refusal(document) == "bento.json: expected files sorted by path, each once, got 'README.md' - at $.files[6].path"


def test_an_artifact_without_files_is_refused(document: dict[str, Any]) -> None:
    del document["files"][1]
    assert refusal(document) == "bento.json: expected files in artifacts/model, got [] - at $.artifacts[0]"


@pytest.mark.parametrize("field", ["apis", "artifacts", "examples"])
def test_names_occur_once(document: dict[str, Any], field: str) -> None:
    document[field] *= 2
    assert "expected each name once, got " in refusal(document)


def test_a_setup_script_is_one_of_the_files(document: dict[str, Any]) -> None:
    document["env"]["setup"] = "src/setup.sh"
    assert refusal(document) == "bento.json: expected one of the files, got 'src/setup.sh' - at $.env.setup"


def test_an_example_is_for_one_of_the_apis(document: dict[str, Any]) -> None:
    document["examples"][0]["api"] = "explain"
    assert refusal(document) == "bento.json: expected one of the apis, got 'explain' - at $.examples[0].api"


@pytest.mark.parametrize("body", ["request", "answer"])
def test_the_bodies_of_an_example_are_files(document: dict[str, Any], body: str) -> None:
    document["examples"][0][body]["path"] = "examples/gone"
    assert refusal(document) == f"bento.json: expected one of the files, got 'examples/gone' - at $.examples[0].{body}.path"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Iris"),
        ("version", "latest"),
        ("version", "a/b"),
        ("created", "2026-13-22T10:15:00Z"),
        ("created", "2026-1-2T10:15:00Z"),
        ("labels", {"a b": "c"}),
        ("labels", {"a": "b\nc"}),
        ("labels", {"a": 1}),
        ("labels", []),
        ("service", "iris"),
        ("service", "iris:Iris; rm -rf /"),
        ("service", "import:Iris"),
        ("doc", "bell\x07"),
        ("doc", "x" * 65537),
        ("requirements.0", "numpy @ https://example.org/numpy.whl"),
        ("requirements.0", "numpy; python_version < '$(id)'"),
        ("requirements.0", "numpy\n--index-url=x"),
        ("requirements", "numpy"),
        ("python", "3.11"),
        ("python", "2.7.1"),
        ("env.apt.0", "libgomp1 && id"),
        ("env.apt.0", "$(id)"),
        ("env.base_image", "python:3.12\nRUN id"),
        ("env.python_version", "3.12`id`"),
        ("apis.0.name", "predict me"),
        ("apis.0.path", "/../predict"),
        ("apis.0.path", ""),
        ("apis.0.timeout", 0),
        ("apis.0.timeout", True),
        ("apis.0.batch.size", 0),
        ("apis.0.batch.size", 1.5),
        ("apis.0.batch.wait", -1),
        ("apis.0.batch", [1]),
        ("apis.0.input", None),
        ("apis.0.input.media_types.0", "text/plain\r\nX: y"),
        ("apis.0.input.schema", []),
        ("artifacts.0.slot", "mod el"),
        ("artifacts.0.runs_code", 0),
        ("artifacts.0.type", ""),
        ("artifacts.0.distribution", "bento core"),
        ("artifacts.0.version", "1.0 --index-url=x"),
        ("artifacts.0.metadata", {"big": 2**64}),
        ("artifacts.0.metadata", {"\ud800": 1}),
        ("artifacts.0.metadata", {"a": "\ud800"}),
        ("examples.0.name", "../secret"),
        ("examples.0.request.path", "/etc/passwd"),
        ("examples.0.request.content_type", "text"),
        ("examples.0.answer.content_type", ""),
        ("examples.0.answer.content_type", "text/plain\r\nX: y"),
        ("examples.0.tolerance", -1),
        ("examples.0.tolerance", True),
        ("files.0.size", -1),
        ("files.0.size", True),
        ("files.0.sha256", "A" * 64),
        ("files.0", "README.md"),
        ("files", {}),
    ],
)
def test_each_field_has_one_type(document: dict[str, Any], field: str, value: object) -> None:
    put(document, field, value)
    assert refusal(document).startswith("bento.json: expected ")


def test_metadata_may_not_be_too_deep(document: dict[str, Any]) -> None:
    nested: object = 1
    for _ in range(40):
        nested = [nested]
    document["artifacts"][0]["metadata"] = {"deep": nested}
    assert "expected JSON at most 32 levels deep, got [[[[[[[...]]]]]]] - at $.artifacts[0].metadata.deep[0][0]" in refusal(document)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "bento.json is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"\xff", "bento.json is not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b'{"format": 1, "format": 1}', "bento.json is not JSON: the field 'format' is there twice"),
        (b'{"format": NaN}', "bento.json is not JSON: NaN is not a number"),
        (b"[]", "bento.json: expected an object, got [] - at $"),
        (b"{}", "bento.json: expected the number of a format, got None - at $.format"),
    ],
)
def test_json_that_is_not_a_manifest_is_refused(content: bytes, fault: str) -> None:
    with pytest.raises(BundleError) as caught:
        read_manifest(content)
    assert str(caught.value) == fault


@pytest.mark.parametrize("content", [b"[" * 10**6, b'{"format":' + b"9" * 10**5 + b"}", '{"a":1}'.encode("utf-16")])
def test_a_manifest_that_json_readers_cannot_agree_on_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"^bento\.json is not JSON: "):
        read_manifest(content)


def test_a_manifest_has_a_largest_size() -> None:
    with pytest.raises(BundleError, match=r"^bento\.json: expected at most 67108864 bytes, got more$"):
        read_manifest(b" " * (MAX_MANIFEST + 1))
