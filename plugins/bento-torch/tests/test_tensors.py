"""Tensors as inputs and answers."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bento import DefinitionError, InvalidInput, Payload
from bento.testing import AdapterTests
from bento_torch import TensorAdapter
from refusals import refuses

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bfloat16"]


class TensorTests(AdapterTests):
    def same(self, one, other):
        """Compares values as arrays, because numpy has no bfloat16 and cannot read the memory of a GPU."""
        arrays = [(each.float() if each.dtype is torch.bfloat16 else each).cpu().numpy() for each in (one, other)]
        return one.dtype == other.dtype and super().same(*arrays)


def tensors(dtype, shapes):
    """Tensors of numbers that every dtype holds."""
    return shapes.flatmap(
        lambda shape: st.lists(st.integers(0, 1), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
            lambda values: torch.tensor(values, dtype=dtype).reshape(shape)
        )
    )


class TestSmallFloats(TensorTests):
    adapter = TensorAdapter(shape=(2,), dtype="bfloat16", example=[0.5, 1.5])

    def values(self):
        return tensors(torch.bfloat16, st.just((2,)))


class TestAnyTensor(TensorTests):
    adapter = TensorAdapter()

    def values(self):
        return [torch.tensor([[1.5, 2.0]]), torch.tensor([3, 4]), torch.tensor([True]), torch.tensor(2.5), torch.zeros(2, 1)]


def payload(value, media_type="application/json"):
    return Payload(json.dumps(value).encode(), media_type)


def test_without_a_dtype_numbers_are_what_pytorch_makes_of_them():
    decode = TensorAdapter().decode
    assert decode(payload([1.5])).dtype == torch.float32
    assert decode(payload([1])).dtype == torch.int64
    assert (
        decode(Payload(TensorAdapter().encode(torch.ones(1, dtype=torch.float64), "application/x-npy"), "application/x-npy")).dtype
        == torch.float64
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_dtype_may_be_a_name_or_a_torch_dtype(dtype):
    by_name, own = TensorAdapter(dtype=dtype), TensorAdapter(dtype=getattr(torch, dtype))
    assert by_name.options() == own.options() == {"dtype": dtype}
    assert by_name.decode(payload([1, 0])).dtype == own.decode(payload([1, 0])).dtype == getattr(torch, dtype)


def test_a_dtype_that_no_request_can_bring_is_refused():
    message = "'complex64' cannot be read from a request: expected a dtype of numbers or booleans, such as 'float32'"
    refuses(lambda: TensorAdapter(dtype=torch.complex64), message, DefinitionError)


def test_a_number_that_is_too_large_is_refused():
    message = "expected numbers in the range of float32: dtype='float64' reads larger ones"
    refuses(lambda: TensorAdapter().decode(payload([1e300])), message, InvalidInput)
    assert TensorAdapter(dtype="float64").decode(payload([1e300])).item() == 1e300


def test_an_integer_of_64_unsigned_bits_needs_an_unsigned_dtype():
    message = "expected numbers in the range of int64: dtype='uint64' reads larger ones"
    refuses(lambda: TensorAdapter().decode(payload([2**63])), message, InvalidInput)
    adapter = TensorAdapter(shape=(None,), dtype="uint64", device="cpu")
    assert adapter.decode(payload([2**63])).tolist() == [2**63]
    assert [each.tolist() for each in adapter.decode_all([b"[true]", b"[9223372036854775809]"], JSON)] == [[1], [2**63 + 1]]


def test_a_tensor_shares_the_memory_of_a_body_that_may_be_changed():
    body = bytearray(np.arange(3.0, dtype="<f4").tobytes())
    tensor = TensorAdapter(shape=(3,), dtype="float32", device="cpu").decode(Payload(body, "application/octet-stream"))
    tensor[0] = 7
    assert np.frombuffer(body, "<f4")[0] == 7


def test_a_tensor_that_is_changed_leaves_bytes_as_they_were():
    body = np.arange(3.0, dtype="<f4").tobytes()
    tensor = TensorAdapter(shape=(3,), dtype="float32", device="cpu").decode(Payload(body, "application/octet-stream"))
    tensor[0] = 7
    assert np.frombuffer(body, "<f4")[0] == 0


def test_one_item_is_a_batch_without_being_copied():
    adapter = TensorAdapter(shape=(None, 2), dtype="float32", device="cpu")
    item = adapter.decode(payload([[1, 2]]))
    assert adapter.stack([item]).data_ptr() == item.data_ptr()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_rows_are_the_same_after_stacking_and_unstacking(sizes):
    adapter = TensorAdapter(shape=(None, 2), dtype="float32", device="cpu")
    items = [torch.full((size, 2), float(number)) for number, size in enumerate(sizes)]
    answers = adapter.unstack(adapter.stack(items), [adapter.rows(item) for item in items])
    assert all(map(torch.equal, answers, items))
    assert torch.equal(adapter.join(answers), torch.cat(items))


# A body that is not JSON alone may be JSON after another body.
BODIES = st.lists(
    st.sampled_from(
        [b"[[1,2]]", b"[[0.1,2],[3,-0.0]]", b"[[true,false]]", b"[]", b"[[3e38,1e39]]", b'[["a",2]]', b"[[1,2],[3]]", b"[[1", b"2]]"]
    ),
    min_size=2,
    max_size=4,
)
JSON, NPY = "application/json", "application/x-npy"


def bits(tensor):
    return tensor.dtype, tensor.shape, tensor.stride(), tensor.contiguous().view(torch.uint8).flatten().tolist()


@given(BODIES, st.sampled_from(DTYPES))
def test_tensors_read_together_are_the_same_as_read_alone(bodies, dtype):
    adapter = TensorAdapter(shape=(None, 2), dtype=dtype, device="cpu")
    try:
        together = adapter.decode_all(bodies, JSON)
    except ValueError:
        together = None
    if together is not None:
        assert list(map(bits, together)) == [bits(adapter.decode(Payload(body, JSON))) for body in bodies]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_read_together_with_others_shares_no_memory_with_them(dtype):
    adapter = TensorAdapter(shape=(None, 2), dtype=dtype, device="cpu")
    items = adapter.decode_all([b"[[1,0]]", b"[[1,1],[0,1]]", b"[[0,1]]"], JSON)
    assert [item.untyped_storage().nbytes() for item in items] == [item.nbytes for item in items]
    items[1].zero_()
    assert [item.tolist() for item in items] == [[[1, 0]], [[0, 0], [0, 0]], [[0, 1]]]


RESULTS = st.sampled_from([getattr(torch, name) for name in DTYPES]).flatmap(
    lambda dtype: tensors(dtype, st.lists(st.integers(0, 3), min_size=1, max_size=4))
)


@given(RESULTS, st.sampled_from([None, "float32", "bool", "bfloat16"]), st.sampled_from([JSON, "application/msgpack", NPY]), st.data())
def test_answers_written_together_are_the_same_as_written_alone(result, dtype, media_type, data):
    adapter = TensorAdapter(dtype=dtype, device="cpu")
    result = data.draw(
        st.sampled_from([result, result / 3, result.mT if result.ndim > 1 else result[::2], -result.double().requires_grad_()])
    )
    cut = data.draw(st.integers(0, len(result)))
    rows = data.draw(st.sampled_from([[cut, len(result) - cut], [1] * len(result), [None] * len(result)]))
    try:
        together = adapter.encode_all(result, rows, media_type)
    except ValueError:
        together = None
    if together is not None:
        assert list(together) == [adapter.encode(value, media_type) for value in adapter.unstack(result, rows)]


def test_small_tensors_are_read_and_written_together():
    adapter = TensorAdapter(shape=(None, 2), dtype="bfloat16", device="cpu")
    items = adapter.decode_all([b"[[1,2]]", b"[[0.5,2],[3,4]]"], "")
    assert [item.tolist() for item in items] == [[[1, 2]], [[0.5, 2], [3, 4]]]
    assert adapter.encode_all(adapter.stack(items), [1, 2], JSON) == [b"[[1.0,2.0]]", b"[[0.5,2.0],[3.0,4.0]]"]


def test_answers_that_are_tensors_of_a_subclass_are_not_written_together():
    assert TensorAdapter().encode_all(torch.nn.Parameter(torch.ones(2, 2)), [1, 1], JSON) is None


def test_items_of_another_dtype_or_width_are_in_another_group():
    adapter = TensorAdapter(shape=(None, None))
    items = [torch.ones(1, 2), torch.ones(5, 2), torch.ones(1, 3), torch.ones(1, 2, dtype=torch.int64)]
    groups = [adapter.group(item) for item in items]
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_an_answer_may_need_gradients_and_have_any_layout():
    weight = torch.ones(2, 3, requires_grad=True)
    assert TensorAdapter().encode((weight * 2).T, "application/json") == b"[[2.0,2.0],[2.0,2.0],[2.0,2.0]]"
    assert TensorAdapter().encode(torch.tensor([1 + 2j]).conj().imag, "application/json") == b"[-2.0]"


def test_floats_that_only_pytorch_has_are_written_as_float32():
    adapter = TensorAdapter(device="cpu")
    for dtype in (torch.bfloat16, torch.float8_e4m3fn):
        body = adapter.encode(torch.tensor([0.5, -2]).to(dtype), "application/x-npy")
        assert np.array_equal(adapter.decode(Payload(body, "application/x-npy")).numpy(), np.array([0.5, -2], "float32"))


def test_numbers_that_json_lacks_are_null():
    assert TensorAdapter().encode(torch.tensor([float("nan"), 1.0]), "application/json") == b"[null,1.0]"


def test_a_tensor_that_json_cannot_hold_is_refused():
    for value in (torch.tensor([1j]), torch.ones(2, 2).to_sparse()):
        with pytest.raises(TypeError):
            TensorAdapter().encode(value, "application/json")


def test_answers_may_be_arrays_and_lists():
    assert TensorAdapter(dtype="float32").encode([1, 2], "application/json") == b"[1.0,2.0]"
    assert TensorAdapter(dtype="float32").encode(np.array([1, 2]), "application/json") == b"[1.0,2.0]"


def test_a_tensor_is_put_on_the_declared_device():
    """The meta device of PyTorch stands for any device other than the processor."""
    adapter = TensorAdapter(shape=(None, 2), dtype="float32", device="meta")
    item = adapter.decode(payload([[1, 2]]))
    assert (item.device.type, adapter.alone(item).device.type) == ("cpu", "meta")
    assert adapter.stack([torch.ones(1, 2), torch.ones(2, 2)]).device.type == "meta"
    assert adapter.options() == {"shape": [None, 2], "dtype": "float32", "device": "meta"}


def test_type_hints_and_answers_of_tensors_find_the_adapter():
    assert type(TensorAdapter.for_annotation(torch.Tensor)) is TensorAdapter
    assert type(TensorAdapter.for_value(torch.nn.Parameter(torch.ones(1)))) is TensorAdapter
    for other in (np.ndarray, torch.dtype, "torch.Tensor", None):
        assert TensorAdapter.for_annotation(other) is None
    for other in (np.ones(1), [torch.ones(1)], torch.Tensor):
        assert TensorAdapter.for_value(other) is None


@pytest.mark.parametrize("made", [torch.tensor, np.array, list], ids=["tensor", "array", "list"])
def test_the_answers_to_parts_of_a_large_request_are_joined_whatever_an_api_returns(made):
    joined = TensorAdapter().join([made([[1.0, 2.0], [3.0, 4.0]]), made([[5.0, 6.0]])])
    assert TensorAdapter().encode(joined, "application/json") == b"[[1.0,2.0],[3.0,4.0],[5.0,6.0]]"
