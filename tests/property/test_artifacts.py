"""For each of core's formats: what is loaded is what was saved, for any value."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from bento import ArtifactError
from bento.artifacts import ArrayArtifact, FileArtifact, JsonArtifact, PickleArtifact, TextArtifact

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)
STRUCTURES = st.lists(npst.scalar_dtypes(), min_size=1, max_size=3).map(
    lambda kinds: [(f"größe {i}", kind) for i, kind in enumerate(kinds)]
)
DTYPES = npst.scalar_dtypes() | STRUCTURES.map(np.dtype)
SHAPES = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = st.builds(
    lambda array, order: np.array(array, order=order),
    npst.arrays(DTYPES, SHAPES),
    st.sampled_from("CF"),
)


def kept(artifact, model):
    with tempfile.TemporaryDirectory() as folder:
        artifact.save(model, Path(folder))
        return artifact.load(Path(folder))


def exactly(value):
    """A value with its types, so that 1, 1.0 and True differ, and 0.0 and -0.0."""
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    return [exactly(item) for item in value] if isinstance(value, list) else (type(value), repr(value))


def assert_same_array(loaded, array):
    assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)
    assert loaded.flags.f_contiguous == array.flags.f_contiguous
    assert loaded.tobytes() == array.tobytes()
    assert not loaded.flags.writeable


@given(VALUES)
def test_a_json_value_comes_back_exactly(model):
    assert exactly(kept(JsonArtifact(), model)) == exactly(model)


@given(TEXTS)
def test_a_text_comes_back_exactly(model):
    assert kept(TextArtifact(), model) == model


@given(ARRAYS)
def test_an_array_comes_back_with_its_bytes_dtype_shape_and_order(array):
    assert_same_array(kept(ArrayArtifact(), array), array)


@given(st.dictionaries(TEXTS, ARRAYS, max_size=4))
def test_named_arrays_come_back_each_under_its_name(arrays):
    try:
        loaded = kept(ArrayArtifact(), arrays)
    except ArtifactError:
        assert any("\0" in name for name in arrays)
        return
    assert list(loaded) == sorted(arrays)
    for name, array in arrays.items():
        assert_same_array(loaded[name], array)


@given(VALUES, st.lists(st.builds(np.arange, st.integers(0, 9000), dtype=st.sampled_from(["u1", "<f8", ">i4"]))))
def test_a_pickle_comes_back_with_its_large_buffers_in_order(value, arrays):
    loaded, *others = kept(PickleArtifact(), [value, *arrays])
    assert exactly(loaded) == exactly(value)
    assert [(array.dtype, array.tobytes()) for array in others] == [(array.dtype, array.tobytes()) for array in arrays]


@given(st.dictionaries(st.from_regex(r"[a-zA-Z0-9 _.-]{1,20}(/[a-z]{1,5})?", fullmatch=True), st.binary(), min_size=1, max_size=4))
def test_a_folder_comes_back_with_every_file(files):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.mkdir()
        written = dict(write_all(source, files))
        if not written:
            return
        Path(folder, "slot").mkdir()
        FileArtifact().save(source, Path(folder, "slot"))
        loaded = FileArtifact().load(Path(folder, "slot"))
        assert {path.relative_to(loaded): path.read_bytes() for path in loaded.rglob("*") if path.is_file()} == written


def write_all(folder, files):
    """Write the files whose names do not collide or lead out of the folder, and return them."""
    for name, content in files.items():
        path = folder / name
        if ".." in path.parts or path.exists() or (path.parent.exists() and not path.parent.is_dir()) or path == folder:
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        yield path.relative_to(folder), content
