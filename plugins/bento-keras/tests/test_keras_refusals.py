"""The errors for models that cannot be saved or loaded, word for word."""

import io
import json
import re
import stat
import zipfile
from pathlib import Path

import h5py
import keras
import nets
import numpy as np
import pytest

import bento
from bento import ArtifactError, DefinitionError
from bento_keras import KerasArtifact
from refusals import refuses

# From the variables of Keras under PyTorch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

EXPECTED = "expected KerasArtifact(custom_objects=[...]) with classes, functions or their names as in 'nets:Scale', got "
UNKNOWN = (
    "which is neither data of Keras's own nor in custom_objects: if you trust it, write KerasArtifact(custom_objects=[...]) "
    "with the class or function itself, or its name as in 'nets:Scale'"
)


@pytest.mark.parametrize("custom", ["nets", [1], ["Scale"], {"Scale": nets.Scale(1.0)}, 3])
def test_an_invalid_custom_object_is_refused(custom):
    wrong = custom if isinstance(custom, str | int) else next(iter(custom.values() if isinstance(custom, dict) else custom))
    refuses(lambda: KerasArtifact(custom_objects=custom), f"{EXPECTED}{wrong!r}", DefinitionError)


def says(model, message, artifact=None):
    """Saving a model is refused with a message."""
    refuses(lambda: (artifact or KerasArtifact()).save(model, Path("/nowhere")), message)


def test_a_model_that_is_not_built_is_refused():
    says(nets.Net(), "this nets.Net is not built and has no weights yet: call it once before it is packed")


class Digits(bento.Service):
    model = KerasArtifact()


WHY = (
    "is of the legacy HDF5 format, in which Keras runs code whatever safe_mode says (CVE-2025-9905): "
    "load it with keras.saving.load_model if you trust it, and pack the model"
)


@pytest.mark.parametrize(
    ("file", "kind", "advice"),
    [
        ("digits.h5", "str", f"'digits.h5' {WHY}"),
        (Path("old/DIGITS.HDF5"), "pathlib.PosixPath", f"'old/DIGITS.HDF5' {WHY}"),
        ("digits.weights.h5", "str", "load 'digits.weights.h5' into a model with load_weights(), and pack the model"),
        ("digits.keras", "str", "load 'digits.keras' with keras.saving.load_model, and pack the model"),
    ],
)
def test_the_name_of_a_file_is_refused_with_the_way_out(file, kind, advice):
    refuses(lambda: Digits(model=file), f"Digits.model is a KerasArtifact, which does not keep the {kind} {str(file)!r}: {advice}")
    refuses(lambda: bento.save(file, "digits"), f"no installed plugin provides a service for a {kind}: {advice}")


def test_a_text_that_names_no_file_is_refused_by_its_type():
    refuses(lambda: Digits(model="digits"), "Digits.model is a KerasArtifact, which does not keep the str 'digits'")


@pytest.fixture
def folder(tmp_path):
    KerasArtifact().save(keras.Sequential([keras.Input((3,), name="rows"), keras.layers.Dense(2, name="dense")], name="model"), tmp_path)
    return tmp_path


def test_a_legacy_file_in_a_slot_is_refused_with_the_reason(folder):
    legacy = folder / "model.h5"
    (folder / "model.keras").rename(legacy)
    refuses(
        lambda: KerasArtifact().load(folder),
        f"{str(legacy)!r} {WHY}",
    )


def saving(tmp_path, *layers, **options):
    model = keras.Sequential([keras.Input((3,)), *layers])
    return lambda: KerasArtifact(**options).save(model, tmp_path)


def test_a_class_missing_from_custom_objects_is_named(tmp_path):
    layers = [keras.layers.Dense(2, activation=nets.halve), nets.Scale(), nets.Shift()]
    refuses(saving(tmp_path, *layers), f"the model holds Shift, halve, nets>Scale, {UNKNOWN}")
    refuses(saving(tmp_path, *layers, custom_objects=[nets.Scale, nets.halve]), f"the model holds Shift, {UNKNOWN}")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_with_code_in_it_is_refused(tmp_path):
    message = (
        "the model has a lambda in it, whose code Keras would keep in the file and run from there: "
        "make it a function or a keras.Layer with a name, and name that in custom_objects"
    )
    refuses(saving(tmp_path, keras.layers.Lambda(lambda rows: rows + 1)), message)
    refuses(saving(tmp_path, keras.layers.Lambda(nets.halve)), f"the model holds halve, keras.layers.Lambda, {UNKNOWN}")


def test_a_layer_that_calls_a_function_of_the_users_is_kept_if_both_are_named(tmp_path):
    saving(tmp_path, keras.layers.Lambda(nets.halve), custom_objects=["keras.layers:Lambda", nets.halve])()
    model = KerasArtifact(custom_objects=["keras.layers:Lambda", nets.halve]).load(tmp_path)
    assert model.predict_on_batch(np.ones((1, 3))).tolist() == [[0.5, 0.5, 0.5]]


def test_a_class_that_does_not_keep_its_arguments_in_get_config_is_refused_when_it_is_saved(tmp_path):
    model = nets.Secretive(keras.layers.Dense(2))
    model(np.ones((1, 3), "float32"))
    with pytest.raises(ArtifactError, match=r"cannot load .*TypeError: .*Secretive.* could not be deserialized properly"):
        KerasArtifact(custom_objects=[nets.Secretive]).save(model, tmp_path)


def test_a_missing_custom_object_is_an_error_that_names_the_back_end(folder):
    with pytest.raises(ArtifactError, match=r"^cannot load '.*', which was saved under the back end '\w+': AttributeError: .*Gone"):
        KerasArtifact(custom_objects=["nets:Gone"]).load(folder)


def test_a_bare_model_with_several_inputs_needs_a_service_of_its_own():
    message = "the model takes 2 inputs: write a bento.Service with a slot for it and an api"
    refuses(lambda: bento.save(nets.several(), "several"), message)


def test_a_bare_model_of_texts_needs_a_service_of_its_own():
    message = "the model takes texts, not an array of numbers: write a bento.Service with a slot for it and an api"
    refuses(lambda: bento.save(nets.of_texts(), "texts"), message)


# What a forged file may have in it


def rewrite(folder, change=None, entries=(), **replaced):
    """Make the archive anew: its config changed, entries added or replaced."""
    path = folder / "model.keras"
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    if change is not None:
        config = json.loads(found["config.json"])
        change(config)
        found["config.json"] = json.dumps(config).encode()
    found |= replaced
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in found.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def layer(config):
    return config["config"]["layers"][1]


def node(module, name, config=None, **more):
    return {"module": module, "class_name": name, "config": {} if config is None else config, "registered_name": None, **more}


FORGED = {
    "os.system": lambda config: layer(config)["config"].update(activation=node("os", "function", "system")),
    "keras.utils.get_file": lambda config: layer(config)["config"].update(activation=node("keras.utils", "function", "get_file")),
    "keras.config.enable_unsafe_deserialization": lambda config: config.update(
        node("keras.config", "function", "enable_unsafe_deserialization")
    ),
    "keras.layers.Lambda": lambda config: layer(config).update(class_name="Lambda"),
    "keras.layers.TFSMLayer": lambda config: layer(config).update(class_name="TFSMLayer", config={"filepath": "/tmp"}),
    "keras.layers.TorchModuleWrapper": lambda config: layer(config).update(class_name="TorchModuleWrapper"),
    "keras.src.saving.serialization_lib.SafeModeScope": lambda config: layer(config).update(
        module="keras.src.saving.serialization_lib", class_name="SafeModeScope"
    ),
    "keras_hub>Backbone": lambda config: layer(config).update(registered_name="keras_hub>Backbone", module=None),
    "numpy.load": lambda config: config.update(compile_config={"loss": node("numpy", "load")}),
    "get": lambda config: layer(config)["config"].update(activation=node("builtins", "function", "get")),
    "__lambda__": lambda config: layer(config)["config"].update(activation={"class_name": "__lambda__", "config": {"value": "x"}}),
    "__typespec__": lambda config: layer(config)["config"].update(activation={"class_name": "__typespec__", "config": []}),
    "Dense": lambda config: layer(config).update(module=None),
    "['Dense']": lambda config: layer(config).update(class_name=["Dense"], module=None),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_file_that_names_anything_else_is_refused_before_keras_sees_it(folder, name, monkeypatch):
    monkeypatch.setattr(keras.saving, "load_model", None)
    shown = {"os.system": "system", "numpy.load": "load"}.get(name, name)
    path = rewrite(folder, FORGED[name])
    refuses(
        lambda: KerasArtifact().load(folder), f"{str(path)!r} names {shown}, which is neither data of Keras's own nor in custom_objects"
    )


def test_a_registered_name_in_a_file_cannot_stand_for_a_class_of_keras(folder):
    path = rewrite(folder, lambda config: layer(config).update(registered_name="nets>Scale"))
    refuses(
        lambda: KerasArtifact().load(folder),
        f"{str(path)!r} names keras.layers.Dense, which is neither data of Keras's own nor in custom_objects",
    )


def test_a_vocabulary_is_not_read_from_a_file(folder):
    path = rewrite(folder, lambda config: layer(config).update(node("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"})))
    refuses(lambda: KerasArtifact().load(folder), f"{str(path)!r} names the files /etc/passwd, which are not its own")


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def compressed(name):
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("assets/../../evil", "it has an entry 'assets/../../evil'"),
        ("/etc/cron.d/evil", "it has an entry '/etc/cron.d/evil'"),
        ("assets//evil", "it has an entry 'assets//evil'"),
        ("model.weights.npz", "it has an entry 'model.weights.npz'"),
        ("evil.py", "it has an entry 'evil.py'"),
        (link("assets/link"), "its entry 'assets/link' is not a file"),
        (compressed("assets/bomb"), "its entry 'assets/bomb' is compressed"),
    ],
)
def test_an_entry_that_keras_does_not_write_is_refused(folder, entry, fault):
    path = rewrite(folder, entries=[(entry, b"0" * 1000)])
    refuses(lambda: KerasArtifact().load(folder), f"{str(path)!r} is damaged: {fault}")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(folder):
    path = rewrite(folder, entries=[("config.json", b"{}")])
    expected = "expected the entries metadata.json, config.json, model.weights.h5 once each"
    refuses(lambda: KerasArtifact().load(folder), f"{str(path)!r} is damaged: {expected}")


def test_a_back_end_that_does_not_exist_is_refused(folder):
    path = rewrite(folder, **{"metadata.json": b'{"backend": "LD_PRELOAD"}'})
    refuses(lambda: KerasArtifact().load(folder), f"{str(path)!r} is damaged: there is no back end 'LD_PRELOAD'")


def weights(make):
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        make(h5)
    return file.getvalue()


def external(h5):
    h5.create_dataset("secret", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(h5):
    layout = h5py.VirtualLayout((10,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
    h5.create_virtual_dataset("secret", layout)


def linked(h5):
    h5["secret"] = h5py.ExternalLink("/etc/passwd", "x")


def soft(h5):
    h5["secret"] = h5py.SoftLink("/elsewhere")


def bomb(h5):
    h5.create_dataset("bomb", (1 << 40,), "f4", compression="gzip")


def huge(h5):
    h5.create_dataset("huge", (1 << 40,), "f4")


def cycle(h5):
    group = h5.create_group("a")
    group["again"] = group


def text(h5):
    h5["text"] = "text"


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (external, "the values of '/secret' are not plainly in the file"),
        (virtual, "the values of '/secret' are not plainly in the file"),
        (linked, "its weights have a link, 'secret'"),
        (soft, "its weights have a link, 'secret'"),
        (bomb, "the values of '/bomb' are not plainly in the file"),
        (huge, "its weights declare 4398046511104 bytes, and the file has "),
        (cycle, "its weights have '/a/again' twice"),
        (text, "its weights have '/text', which is not an array of numbers"),
    ],
)
def test_weights_that_are_more_than_plain_arrays_are_refused_before_keras_sees_them(folder, make, fault, monkeypatch):
    monkeypatch.setattr(keras.saving, "load_model", None)
    path = rewrite(folder, **{"model.weights.h5": weights(make)})
    with pytest.raises(ArtifactError, match=f"^{re.escape(f'{str(path)!r} is damaged: {fault}')}[0-9]*$"):
        KerasArtifact().load(folder)


def test_weights_of_another_shape_are_refused(folder):
    def other(h5):
        h5.create_group("vars")
        h5["layers/dense/vars/0"], h5["layers/dense/vars/1"] = np.ones((3, 5), "f4"), np.ones(5, "f4")

    path = rewrite(folder, **{"model.weights.h5": weights(other)})
    with pytest.raises(ArtifactError, match=f"^cannot load {re.escape(repr(str(path)))}, which was saved under the back end"):
        KerasArtifact().load(folder)
