"""Small ONNX models."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.arange(12, dtype="float32").reshape(4, 3)


def product(weights=WEIGHTS):
    """A model that multiplies rows of four by a matrix."""
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 4])]
    outputs = [helper.make_tensor_value_info("products", TensorProto.FLOAT, ["n", 3])]
    graph = helper.make_graph([helper.make_node("MatMul", ["rows", "weights"], ["products"])], "product", inputs, outputs)
    graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    return wrapped(graph)


def wrapped(graph):
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def one_step(operator, inputs, outputs, **attributes):
    """A model of one operator; inputs and outputs are names with data types and shapes."""
    infos = [[helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in each] for each in (inputs, outputs)]
    node = helper.make_node(operator, [each[0] for each in inputs], [each[0] for each in outputs], **attributes)
    return wrapped(helper.make_graph([node], operator, *infos))


def write(model, path):
    """Write a model with its weights in a file beside it."""
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path
