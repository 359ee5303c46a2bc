"""ArrayArtifact: arrays as they were, mapped and read-only."""

import io
import re
import zipfile

import numpy as np
import pytest

from bento import ArtifactError
from bento.artifacts import ArrayArtifact
from bento.testing import ArtifactTests


class TestOneArray(ArtifactTests):
    artifact = ArrayArtifact()

    def model(self):
        return np.random.default_rng(0).normal(size=(7, 5))

    def inputs(self):
        return np.ones(5)

    def predict(self, model, inputs):
        return model @ inputs


class TestManyArrays(ArtifactTests):
    artifact = ArrayArtifact()

    def model(self):
        return {"weights": np.arange(12, dtype="float32").reshape(3, 4), "bias/last": np.array(2.5), "": np.zeros((0, 3), dtype="u1")}

    def inputs(self):
        return None


def saved(model, folder):
    ArrayArtifact().save(model, folder)
    return ArrayArtifact().load(folder)


def of_bytes(folder, content, name="model.npy"):
    (folder / name).write_bytes(content)
    return folder


def test_a_dtype_that_only_an_extension_knows_is_refused(tmp_path):
    rational = pytest.importorskip("numpy._core._rational_tests").rational  # a dtype like bfloat16, which NumPy ships for its own tests
    message = "the array has the dtype rational, which would come back as |V8: convert it with astype() or view()"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        ArrayArtifact().save(np.zeros(1, rational), tmp_path)


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def test_a_loaded_array_is_a_read_only_view_of_its_file(tmp_path):
    loaded = saved(np.arange(4.0), tmp_path)
    assert type(loaded) is np.ndarray
    assert not loaded.flags.writeable
    with (tmp_path / "model.npy").open("r+b") as file:
        file.seek(-8, 2)
        file.write(np.float64(7.0).tobytes())
    assert loaded.tolist() == [0.0, 1.0, 2.0, 7.0]


def test_many_arrays_share_one_mapping_and_start_at_multiples_of_64_bytes(tmp_path):
    loaded = saved({name: np.ones(len(name)) for name in ("a", "bcd", "efghijk")}, tmp_path)
    assert len({id(array.base) for array in loaded.values()}) == 1
    assert {array.ctypes.data % 64 for array in loaded.values()} == {0}


def test_numpy_alone_reads_what_is_saved(tmp_path):
    saved({"a": np.arange(3)}, tmp_path)
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        assert archive["a"].tolist() == [0, 1, 2]


def test_a_loaded_array_can_be_saved_again(tmp_path):
    loaded = saved(np.memmap(tmp_path / "raw", dtype="u1", shape=3, mode="w+"), tmp_path)
    (tmp_path / "again").mkdir()
    assert ArrayArtifact().accepts(loaded)
    assert saved(loaded, tmp_path / "again").tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "model", [np.ma.masked_array([1], [True]), np.rec.array([(1,)]), np.float64(1), {1: np.ones(1)}, {"a": 1}, [np.ones(1)]]
)
def test_only_plain_arrays_and_dicts_of_them_are_accepted(model):
    assert not ArrayArtifact().accepts(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (np.array([None]), "the array holds Python objects: expected numbers, texts or times, as astype() makes them"),
        (
            {"x": np.zeros(1, [("a", "i4"), ("b", "O")])},
            "the array 'x' holds Python objects: expected numbers, texts or times, as astype() makes them",
        ),
        (
            np.zeros(1, [("\u4e00", "i4")]),
            "the array has a dtype that .npy cannot hold: its fields are too many, out of order or not named in Latin-1",
        ),
        (
            np.zeros(1, [(f"field{i}", "i4") for i in range(1000)]),
            "the array has a dtype that .npy cannot hold: its fields are too many, out of order or not named in Latin-1",
        ),
        (
            np.zeros(1, {"names": ["b", "a"], "formats": ["i4", "i4"], "offsets": [4, 0]}),
            "the array has a dtype that .npy cannot hold: its fields are too many, out of order or not named in Latin-1",
        ),
        ({"a\0b": np.zeros(1)}, "'a\\x00b' cannot name an array: expected a text without a null character"),
    ],
)
def test_an_array_that_would_not_come_back_is_refused(tmp_path, model, message):
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        ArrayArtifact().save(model, tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (npy(np.arange(4.0))[:-1], "an array of dtype float64 and shape (4,) has 32 bytes, not 31"),
        (npy(np.arange(4.0)) + b"x", "an array of dtype float64 and shape (4,) has 32 bytes, not 33"),
        (npy(np.arange(4.0)).replace(b"(4,), }        ", b"(99999999999,)}"), "an array of dtype float64 and shape (99999999999,)"),
        (npy(np.arange(4.0)).replace(b"(4,), } ", b"(-4,), }"), "an array cannot have the dtype float64 and the shape (-4,)"),
        (npy(np.array([None])), "an array cannot have the dtype object and the shape (1,)"),
        (b"", "cannot mmap an empty file"),
        (npy(np.arange(4.0)).replace(b"NUMPY\x01", b"NUMPY\x02"), "expected version 1.0 of the .npy format, got 2.0"),
        (b"no array", "the magic string is not correct"),
    ],
)
def test_a_file_whose_header_does_not_match_its_content_is_refused(tmp_path, content, fault):
    beginning = f"{str(tmp_path / 'model.npy')!r} holds no arrays that bento wrote: "
    with pytest.raises(ArtifactError, match=f"^{re.escape(beginning)}.*{re.escape(fault)}"):
        ArrayArtifact().load(of_bytes(tmp_path, content))


@pytest.mark.parametrize(
    ("entries", "compression", "fault"),
    [
        (["a.npy"], zipfile.ZIP_DEFLATED, "'a.npy' is compressed, so it cannot be mapped"),
        (["a.npy", "a.npy"], zipfile.ZIP_STORED, "expected .npy files, each with a name of its own, got ['a.npy', 'a.npy']"),
        (["a.txt"], zipfile.ZIP_STORED, "expected .npy files, each with a name of its own, got ['a.txt']"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_that_cannot_be_mapped_is_refused(tmp_path, entries, compression, fault):
    with zipfile.ZipFile(tmp_path / "model.npz", "w", compression) as archive:
        for entry in entries:
            archive.writestr(entry, npy(np.zeros(100)))
    message = f"{str(tmp_path / 'model.npz')!r} holds no arrays that bento wrote: {fault}"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        ArrayArtifact().load(tmp_path)


def test_an_archive_entry_at_another_place_than_its_directory_says_is_refused(tmp_path):
    ArrayArtifact().save({"a": np.zeros(3)}, tmp_path)
    content = (tmp_path / "model.npz").read_bytes()
    (tmp_path / "model.npz").write_bytes(b"XX" + content[2:])
    with pytest.raises(ArtifactError, match=r"'a.npy' is not where the archive's directory says$"):
        ArrayArtifact().load(tmp_path)
