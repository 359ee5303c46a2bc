"""Layers, saved and loaded."""

import layers
import numpy as np
import paddle
import pytest

import bento
from bento import DefinitionError
from bento.testing import ArtifactTests
from bento_paddle import PaddleArtifact
from refusals import refuses

pytestmark = pytest.mark.filterwarnings("ignore:When training, we now always track:UserWarning")
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


class Layers(ArtifactTests, kit=True):
    max_examples = 20

    def inputs(self):
        return ROWS

    def predict(self, model, inputs):
        return model(paddle.to_tensor(inputs)).numpy()


class TestNet(Layers):
    artifact = PaddleArtifact(layers.Net, width=5)

    def model(self):
        paddle.seed(1)
        net = layers.Net(width=5)
        net(paddle.to_tensor(ROWS))
        net.eval()
        return net


class TestTied(Layers):
    artifact = PaddleArtifact("layers:Tied")

    def model(self):
        paddle.seed(2)
        return layers.Tied()


def kept(artifact, model, folder):
    artifact.save(model, folder)
    return artifact.load(folder)


def test_a_loaded_layer_evaluates_and_needs_no_gradients(tmp_path):
    net = kept(PaddleArtifact(layers.Net), layers.Net(), tmp_path)
    assert not net.training
    assert not net.drop.training
    assert net(paddle.to_tensor(ROWS)).stop_gradient


def test_dtypes_that_numpy_lacks_are_kept(tmp_path):
    loaded = kept(PaddleArtifact(layers.Half), layers.Half(), tmp_path)
    assert loaded.weight.dtype == paddle.bfloat16
    assert loaded(paddle.to_tensor(ROWS)).numpy().tolist() == (ROWS * 1.5).tolist()


def test_tied_weights_stay_tied(tmp_path):
    loaded = kept(PaddleArtifact(layers.Tied), layers.Tied(), tmp_path)
    assert loaded.other.weight is loaded.one.weight


def test_saving_and_loading_layers_draws_no_random_numbers(tmp_path):
    paddle.seed(3)
    expected = paddle.rand([4]).tolist()
    paddle.seed(3)
    PaddleArtifact(layers.Net).save(layers_without_numbers(), tmp_path)
    assert paddle.rand([4]).tolist() == expected


def layers_without_numbers():
    numbers = paddle.get_rng_state()
    net = layers.Net()
    paddle.set_rng_state(numbers)
    return net


def test_a_layer_of_other_shapes_is_refused(tmp_path):
    message = "layers.Net(width=4) makes a layer with float32[4] as 'first.bias', and the model has float32[3]"
    refuses(lambda: PaddleArtifact(layers.Net, width=4).save(layers.Net(), tmp_path), message)


def test_a_layer_of_another_class_is_refused(tmp_path):
    message = "layers.Net() makes a layers.Net, and the model is a layers.Tied"
    refuses(lambda: PaddleArtifact(layers.Net).save(layers.Tied(), tmp_path), message)


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        (lambda: layers.Bent("GELU"), "'1' is GELU(approximate=False) and not ReLU()"),
        (lambda: layers.Bent(deep=True), "it has '3', a Softmax(axis=-1)"),
    ],
)
def test_a_layer_of_other_parts_is_refused_even_if_its_state_fits(model, fault, tmp_path):
    message = f"the model is not what layers.Bent() makes: {fault}: give PaddleArtifact what the model was built with"
    refuses(lambda: PaddleArtifact(layers.Bent).save(model(), tmp_path), message)


@pytest.mark.parametrize(
    "treated",
    [lambda layer: layer.to("cpu"), lambda layer: layer.float(), lambda layer: layer.eval() or layer],
    ids=["moved", "cast", "evaluating"],
)
def test_a_layer_that_was_moved_cast_or_set_to_evaluate_is_kept(treated, tmp_path):
    PaddleArtifact(layers.Bent, bend="RReLU").save(treated(layers.Bent("RReLU")), tmp_path)


def test_a_layer_that_lacks_a_part_is_refused(tmp_path):
    message = "the model is not what layers.Bent(deep=True) makes: it has no '3': give PaddleArtifact what the model was built with"
    refuses(lambda: PaddleArtifact(layers.Bent, deep=True).save(layers.Bent(), tmp_path), message)


def test_weights_tied_by_the_builder_but_not_in_the_model_are_refused(tmp_path):
    net = layers.Tied()
    net.other.weight = paddle.create_parameter([4, 4], "float32")
    message = (
        "the model is not what layers.Tied() makes: 'other.weight' is another tensor than 'one.weight': "
        "give PaddleArtifact what the model was built with"
    )
    refuses(lambda: PaddleArtifact(layers.Tied).save(net, tmp_path), message)


class Nets(bento.Service):
    model = PaddleArtifact(layers.Bent)


@pytest.mark.parametrize(
    ("make", "kind", "advice"),
    [
        (lambda: layers.Bent().state_dict(), "a collections.OrderedDict", "it is a state: give it to a layer with set_state_dict()"),
        (lambda: "net.pdparams", "the str 'net.pdparams'", "load 'net.pdparams' into a layer with set_state_dict()"),
    ],
)
def test_a_state_is_refused_with_the_way_out(make, kind, advice):
    refuses(lambda: Nets(model=make()), f"Nets.model is a PaddleArtifact, which does not keep {kind}: {advice}, and pack the layer")


def test_a_model_object_for_training_is_refused_with_the_way_out():
    message = "Nets.model is a PaddleArtifact, which does not keep a paddle.hapi.model.Model: pack its network"
    refuses(lambda: Nets(model=paddle.Model(layers.Bent())), message)


def test_a_program_is_refused_with_the_way_out(tmp_path):
    net = paddle.jit.to_static(layers.Half(), input_spec=[paddle.static.InputSpec([None, 4])], full_graph=True)
    paddle.jit.save(net, str(tmp_path / "program"))
    program = paddle.jit.load(str(tmp_path / "program"))
    message = (
        "Nets.model is a PaddleArtifact, which does not keep a paddle.jit.pir_translated_layer.PirTranslatedLayer: "
        "give its state_dict() to a layer of your own class, and pack that"
    )
    refuses(lambda: Nets(model=program), message)


def test_a_function_that_makes_no_layer_is_refused(tmp_path):
    message = "layers.nothing() makes a paddle.Tensor: expected a paddle.nn.Layer"
    refuses(lambda: PaddleArtifact(layers.nothing).save(layers.Net(), tmp_path), message)


def test_a_state_of_something_else_is_refused(tmp_path):
    PaddleArtifact(layers.Half).save(layers.Half(), tmp_path)
    message = "layers.Net() makes a layer with float32[3] as 'first.bias', and the model has nothing"
    refuses(lambda: PaddleArtifact(layers.Net).load(tmp_path), message)


def test_the_module_of_the_function_that_makes_a_layer_is_saved():
    assert PaddleArtifact("shop.layers:Net").modules_of(layers.Net(width=5)) == ["shop.layers"]


def test_an_object_that_is_not_a_function_is_refused():
    message = "expected PaddleArtifact(build=...) with a class or function that makes the layer, or its name as in 'nets:Net', got 3"
    refuses(lambda: PaddleArtifact(3), message, DefinitionError)


def test_arguments_that_json_cannot_hold_are_refused():
    message = "PaddleArtifact cannot keep width=(1, 2) for layers:Net: expected lists, dicts, texts, numbers and None"
    refuses(lambda: PaddleArtifact(layers.Net, width=(1, 2)), message, DefinitionError)
