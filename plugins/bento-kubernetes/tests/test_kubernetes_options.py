from __future__ import annotations

import subprocess
import sys

import pytest

from bento import PackerError
from bento_kubernetes import KnativePacker, KservePacker, KubernetesPacker

IMAGE = "registry.example.org/basket:3"
WRONG = {
    "image": (["", "a b", "basket:3\n", "Basket", "$(id)", "a{b}", None, 3], "an image like 'registry.example.org/iris:1'"),
    "namespace": (["", "Models", "-models", "a.b", "a: b", "x" * 64, 3], "a namespace like 'models'"),
    "replicas": (["0", "-1", "1.5", "01", "two", 0, True, 10_001, "10001"], "a number from 1 to 10000"),
    "max_replicas": (["2", 2, "", "3 ", False], "a number from 3 to 10000"),
    "cpu": (["", "0", "0m", "1.5", "-1", "2Gi", 2], "processors like '2', or thousandths of one like '500m'"),
    "memory": (["", "0Gi", "2", "2G", "2 Gi", "2gi", None], "an amount like '512Mi' or '4Gi'"),
    "gpu": (["all", "-1", "65", 1.0, None], "a number from 0 to 64"),
    "port": (["80", "0", "65536", 1023, "http"], "a number from 1024 to 65535"),
}


@pytest.mark.parametrize(("option", "value"), [(option, value) for option, (values, _) in WRONG.items() for value in values])
def test_a_wrong_option_is_refused_with_what_was_expected(option, value):
    with pytest.raises(PackerError) as caught:
        KubernetesPacker(**{"image": IMAGE, "replicas": 3, option: value})
    assert str(caught.value) == f"KubernetesPacker({option}={value!r}): expected {WRONG[option][1]}"


def test_an_error_names_the_packer_that_was_asked():
    with pytest.raises(PackerError, match=r"^KservePacker\(replicas=0\): expected a number from 1 to 10000$"):
        KservePacker(image=IMAGE, replicas=0)
    with pytest.raises(PackerError, match=r"^KnativePacker\(max_replicas='0'\): expected a number from 1 to 10000$"):
        KnativePacker(image=IMAGE, replicas=0, max_replicas="0")


@pytest.mark.parametrize("image", ["basket", "basket:3", "localhost:5000/a/b:1", f"registry.example.org/basket:3@sha256:{'0' * 64}"])
def test_an_image_has_a_name_by_the_rules_of_registries(image, bundle, manifest):
    deployment, *_ = manifest(KubernetesPacker(image=image), bundle)
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_options_may_be_numbers_or_texts_of_numbers(bundle, packed, tmp_path):
    numbers = KubernetesPacker(image=IMAGE, replicas=2, max_replicas=4, gpu=1, port=8080).pack(bundle, tmp_path / "numbers")
    texts = packed(KubernetesPacker(image=IMAGE, replicas="2", max_replicas="4", gpu="1", port="8080"), bundle)
    assert (numbers / "kubernetes.yaml").read_text() == texts


def test_a_port_that_knative_reserves_is_refused(bundle, tmp_path):
    with pytest.raises(PackerError) as caught:
        KnativePacker(image=IMAGE, port=8012).pack(bundle, tmp_path / "out")
    assert str(caught.value) == "KnativePacker(port=8012): Knative listens there itself, expected another port like 3000"
    assert list(tmp_path.iterdir()) == []


def test_names_of_objects_are_dns_names(save, manifest):
    objects = manifest(KubernetesPacker(image=IMAGE, max_replicas=2), save("tea_and.coffee"))
    assert {each["metadata"]["name"] for each in objects} == {"tea-and-coffee"}


@pytest.mark.parametrize("name", ["7up", "b" * 51])
def test_a_name_that_no_kubernetes_service_can_have_is_refused(name, save, tmp_path):
    with pytest.raises(PackerError) as caught:
        KubernetesPacker(image=IMAGE).pack(save(name), tmp_path / "out")
    assert str(caught.value) == (
        f"cannot name a service of Kubernetes {name!r}: expected at most 50 letters, digits and '-', a letter first: "
        "save the bundle under another name"
    )


def test_the_plugin_imports_no_yaml():
    code = "import sys, bento_kubernetes; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
